import type { QueueEvent, RunEvent } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext, type Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import { run } from '../runs/run.decider.js';
import type { KnownRun } from '../runs/run-state.js';
import { isKnown } from '../runs/run-verbs.js';
import { queueStream } from './concurrency-key.js';
import { queue, type QueueCommand } from './queue.decider.js';

const COMING_AND_GOING = 'orchestrator.queues';
const TURNS = 'orchestrator.queue-turns';

/** A run with a concurrency key has begun, goes on after its end, or has ended: it joins the queue of its key, or leaves it. */
export function queueMoves(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: COMING_AND_GOING,
    types: ['RunStarted', 'RunReopened', 'RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'],
    react: async recorded => {
      const { type, data } = { type: recorded.type, data: recorded.data } as RunEvent;
      const context = reactionContext(recorded, { reactor: COMING_AND_GOING, actor: ORCHESTRATOR, now: clock.now() });
      const concurrency = type === 'RunStarted' ? data.concurrency : await concurrencyOf(commands, data.runId, context);
      if (!concurrency) return;
      const { key, policy } = concurrency;
      const place = { key, runId: data.runId, at: context.occurredAt };
      const comes = type === 'RunStarted' || type === 'RunReopened';
      const command: QueueCommand = comes
        ? { type: 'JoinQueue', data: { ...place, policy } }
        : { type: 'LeaveQueue', data: place };
      await commands.handle(queue, queueStream(key), command, context);
    },
  };
}

/** Someone's turn has come: the run goes on. Someone has none: the run is cancelled. */
export function queueTurns(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: TURNS,
    types: ['QueueJoined', 'QueueTurnCame', 'QueueTurnedAway'],
    react: async recorded => {
      const event = { type: recorded.type, data: recorded.data } as QueueEvent;
      const context = reactionContext(recorded, { reactor: TURNS, actor: ORCHESTRATOR, now: clock.now() });
      switch (event.type) {
        case 'QueueTurnCame':
          return goOn(commands, event.data.runId, context);
        case 'QueueTurnedAway':
          return cancel(commands, event.data.runId, context);
        case 'QueueJoined':
          for (const older of event.data.cancels) await cancel(commands, older, context);
          return;
        case 'QueueLeft':
          return;
      }
    },
  };
}

/** Only what waits for its turn: a run that someone has paused since is left to them. */
async function goOn(commands: CommandHandler, runId: string, context: CommandContext): Promise<void> {
  const state = await known(commands, runId, context);
  if (state?.paused?.cause !== 'QUEUE') return;
  const data = { by: ORCHESTRATOR, at: context.occurredAt };
  await commands.handle(run, streamOf('run', runId), { type: 'ResumeRun', data }, { ...context, correlationId: runId });
}

/** A run that has ended meanwhile is refused, which is what was wanted. */
async function cancel(commands: CommandHandler, runId: string, context: CommandContext): Promise<void> {
  const data = { mode: 'GRACEFUL', by: ORCHESTRATOR, at: context.occurredAt } as const;
  const own = { ...context, correlationId: runId };
  await commands.handle(run, streamOf('run', runId), { type: 'RequestCancel', data }, own);
}

/** What a run has of it was said at its start, for ever. */
async function concurrencyOf(commands: CommandHandler, runId: string, { workspaceId: tenant }: CommandContext) {
  const state = await commands.recall(run, { tenant, name: streamOf('run', runId) });
  return isKnown(state) ? state.plan.started.concurrency : undefined;
}

async function known(
  commands: CommandHandler,
  runId: string,
  { workspaceId: tenant }: Pick<CommandContext, 'workspaceId'>,
): Promise<KnownRun | undefined> {
  const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
  return isKnown(state) ? state : undefined;
}
