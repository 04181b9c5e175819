import { runEvents, type RunEvent } from '@runledger/contracts';
import type { Decider } from '@runledger/kernel';
import { blockStep, recordAttemptEnded, recordInterruption, recordReattachment, startRetry } from './run-attempts.js';
import { enforceCancel, requestCancel, type CancelRefusal } from './run-cancel.js';
import type { RunCommand } from './run-commands.js';
import { evolveRun } from './run-evolve.js';
import { resolveGate, type GateRefusal } from './run-gates.js';
import { holdForBudget, pauseRun, resumeRun } from './run-pause.js';
import { retryRun, retryStep } from './run-retry.js';
import { recordSignOfLife, recordSilence } from './run-silence.js';
import { discardRun, forceAdvance, skipStep } from './run-skip.js';
import { declineRun, startRun, type StartRefusal } from './run-start.js';
import type { Run } from './run-state.js';
import type { SteeringRefusal } from './run-verbs.js';

export type RunRefusal = StartRefusal | GateRefusal | CancelRefusal | SteeringRefusal;

/**
 * One run from start to end, and on from there when people reopen it. Each decision appends everything that follows from it
 * at once.
 *
 * When a step fails and its flow has no other way, no further step starts; siblings that execute finish and keep their
 * results, and the run has failed once nothing executes. A rejection works the same. A cancellation stops what executes.
 */
export const run: Decider<RunCommand, Run, RunEvent, RunRefusal> = {
  category: 'run',
  events: runEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: evolveRun,
  decide,
};

function decide(command: RunCommand, state: Run): readonly RunEvent[] | RunRefusal {
  switch (command.type) {
    case 'StartRun':
      return startRun(command.data, state);
    case 'DeclineRun':
      return declineRun(command.data, state);
    case 'RecordAttemptEnded':
      return recordAttemptEnded(command.data, state);
    case 'RecordInterruption':
      return recordInterruption(command.data, state);
    case 'RecordReattachment':
      return recordReattachment(command.data, state);
    case 'BlockStep':
      return blockStep(command.data, state);
    case 'RecordSilence':
      return recordSilence(command.data, state);
    case 'RecordSignOfLife':
      return recordSignOfLife(command.data, state);
    case 'StartRetry':
      return startRetry(command.data, state);
    case 'ResolveGate':
      return resolveGate(command.data, state);
    case 'RequestCancel':
      return requestCancel(command.data, state);
    case 'EnforceCancel':
      return enforceCancel(command.data, state);
    case 'HoldForBudget':
      return holdForBudget(command.data, state);
    case 'PauseRun':
      return pauseRun(command.data, state);
    case 'ResumeRun':
      return resumeRun(command.data, state);
    case 'RetryRun':
      return retryRun(command.data, state);
    case 'RetryStep':
      return retryStep(command.data, state);
    case 'SkipStep':
      return skipStep(command.data, state);
    case 'ForceAdvance':
      return forceAdvance(command.data, state);
    case 'DiscardRun':
      return discardRun(command.data, state);
  }
}
