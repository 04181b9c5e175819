import { AttemptInterrupted, AttemptResumed } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';

const NAME = 'orchestrator.interruptions';

type Interrupted = ReturnType<typeof AttemptInterrupted>['data'];
type Resumed = ReturnType<typeof AttemptResumed>['data'];

/** An attempt has lost its worker, or another one has taken it up: the run shows it and waits, nothing has failed. */
export function interruptions(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: NAME,
    types: [AttemptInterrupted.type, AttemptResumed.type],
    react: async event => {
      const { runId } = event.data as Interrupted | Resumed;
      const at = clock.now();
      const context = reactionContext(event, { reactor: NAME, actor: ORCHESTRATOR, now: at });
      await commands.handle(run, streamOf('run', runId), commandFor(event, at), context);
    },
  };
}

function commandFor(event: RecordedEvent, at: string): RunCommand {
  if (event.type === AttemptInterrupted.type) {
    const { step, attempt, reason } = event.data as Interrupted;
    return { type: 'RecordInterruption', data: { step, attempt, reason, at } };
  }
  const { step, attempt, worker } = event.data as Resumed;
  return { type: 'RecordReattachment', data: { step, attempt, worker, at } };
}
