import { runEvents, type RunEvent } from '@runledger/contracts';
import type { Decider } from '@runledger/kernel';
import { recordAttemptEnded } from './run-attempts.js';
import { requestCancel, type CancelRefusal } from './run-cancel.js';
import type { RunCommand } from './run-commands.js';
import { evolveRun } from './run-evolve.js';
import { resolveGate, type GateRefusal } from './run-gates.js';
import { declineRun, startRun, type StartRefusal } from './run-start.js';
import type { Run } from './run-state.js';

export type RunRefusal = StartRefusal | GateRefusal | CancelRefusal;

/**
 * One run from start to end. Each decision appends everything that follows from it at once.
 *
 * When a step fails, no further step starts; siblings that execute finish and keep their results, and the run has failed
 * once nothing executes. A rejection works the same. A cancellation stops what executes.
 */
export const run: Decider<RunCommand, Run, RunEvent, RunRefusal> = {
  category: 'run',
  events: runEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: evolveRun,
  decide: (command, state) => {
    switch (command.type) {
      case 'StartRun':
        return startRun(command.data, state);
      case 'DeclineRun':
        return declineRun(command.data, state);
      case 'RecordAttemptEnded':
        return recordAttemptEnded(command.data, state);
      case 'ResolveGate':
        return resolveGate(command.data, state);
      case 'RequestCancel':
        return requestCancel(command.data, state);
    }
  },
};
