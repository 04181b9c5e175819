import { AttemptEnded } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { run } from './run.decider.js';

const NAME = 'orchestrator.attempt-ends';

/** A sandbox has ended an attempt: the run goes on. */
export function attemptEnds(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: NAME,
    types: [AttemptEnded.type],
    react: async event => {
      const ended = event.data as ReturnType<typeof AttemptEnded>['data'];
      const at = clock.now();
      const { step, attempt, outcome, cancelled, summary, output, error } = ended;
      const data = { step, attempt, outcome, cancelled, summary, output, error, at };
      await commands.handle(
        run,
        streamOf('run', ended.runId),
        { type: 'RecordAttemptEnded', data },
        reactionContext(event, { reactor: NAME, actor: ORCHESTRATOR, now: at }),
      );
    },
  };
}
