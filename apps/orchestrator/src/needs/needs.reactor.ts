import type { IntegrationConnected, NeedMet, StepBlocked } from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext, type Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import { run } from '../runs/run.decider.js';
import { attemptBeginning } from './attempt-beginning.js';
import type { ConnectedIntegrations } from './connected-integrations.js';
import { needs } from './needs.decider.js';

const NOTING = 'orchestrator.needs';
const MEETING = 'orchestrator.needs-met';

export interface NeedsParts {
  readonly commands: CommandHandler;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly connected: ConnectedIntegrations;
}

type DataOf<Definition extends (...args: never[]) => { readonly data: unknown }> = ReturnType<Definition>['data'];

/**
 * A step is blocked for want of an integration; an integration is connected. The two may come at the same time and are told to
 * this reactor in any order: whichever is noted second sees the other, so that no run waits for what is there.
 */
export function needsOfSteps(parts: NeedsParts): Reactor {
  const { commands, clock } = parts;
  return {
    name: NOTING,
    types: ['StepBlocked', 'IntegrationConnected'],
    react: async recorded => {
      const options = { reactor: NOTING, actor: ORCHESTRATOR, now: clock.now() };
      if (recorded.type === 'StepBlocked')
        return note(parts, recorded, index => reactionContext(recorded, { ...options, index }));
      const context = reactionContext(recorded, options);
      const { name, kind } = recorded.data as DataOf<typeof IntegrationConnected>;
      const data = { names: [name, kind], at: context.occurredAt };
      await commands.handle(needs, needsStream(context.workspaceId), { type: 'MeetNeeds', data }, context);
    },
  };
}

async function note(
  { commands, store, connected }: NeedsParts,
  recorded: RecordedEvent,
  contextOf: (index: number) => CommandContext,
): Promise<void> {
  const { runId, step, cause } = recorded.data as DataOf<typeof StepBlocked>;
  const { workspaceId, occurredAt: at } = contextOf(0);
  const name = cause.needs;
  if (name === undefined) return;
  const stream = needsStream(workspaceId);
  await commands.handle(needs, stream, { type: 'NoteNeed', data: { runId, step, name, at } }, contextOf(0));
  const begun = await attemptBeginning(store, recorded);
  if (!(await connected.connectedSince(workspaceId, name, begun))) return;
  await commands.handle(needs, stream, { type: 'MeetNeeds', data: { names: [name], at } }, contextOf(1));
}

/** What a run waited for is there: it goes on, unless someone paused it meanwhile. */
export function runsGoOn(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: MEETING,
    types: ['NeedMet'],
    react: async recorded => {
      const { runId, step } = recorded.data as DataOf<typeof NeedMet>;
      const context = reactionContext(recorded, { reactor: MEETING, actor: ORCHESTRATOR, now: clock.now() });
      const name = streamOf('run', runId);
      const { state } = await commands.load(run, { tenant: context.workspaceId, name });
      if (state.status !== 'running' || state.paused) return;
      const index = state.plan.indexOf.get(step);
      if (index === undefined || state.steps.at(index)?.status !== 'blocked') return;
      const data = { by: ORCHESTRATOR, at: context.occurredAt };
      await commands.handle(run, name, { type: 'ResumeRun', data }, { ...context, correlationId: runId });
    },
  };
}

function needsStream(workspaceId: string): string {
  return streamOf('needs', workspaceId);
}
