import { RunStarted } from '@runledger/contracts';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { reject, streamOf } from '@runledger/kernel';
import type { Decline, StartRequest } from './start-request.js';

/** How many runs may follow each other that agents or events have started: without an end, flows that start each other would go on forever. */
const MOST_DEPTH = 3;

export interface StartOnBehalf {
  readonly request: StartRequest;
  readonly context: CommandContext;
}

/**
 * A start that an agent asks for is that of whoever started the agent's run, with that person's rights and with nothing more:
 * who is kept out of a decision there because they started it is kept out here as well.
 */
export async function onBehalf(
  store: EventStore,
  request: StartRequest,
  context: CommandContext,
): Promise<StartOnBehalf | Decline> {
  const { trigger } = request;
  if (trigger.kind === 'event') return tooDeep(trigger.depth ?? 1) ?? { request, context };
  if (trigger.kind !== 'agent') return { request, context };
  const name = streamOf('run', trigger.ref ?? '');
  const { events } = await store.readStream({ tenant: context.workspaceId, name }, { limit: 1 });
  const first = events[0];
  if (first?.type !== 'RunStarted')
    return reject('FORBIDDEN', 'There is no run whose agent could have asked for this.', {
      fix: 'Start it as a member of the workspace.',
    });
  const { startedBy, trigger: before } = RunStarted.schema.parse(first.data);
  const { kind, id, name: who } = startedBy;
  const depth = (before.depth ?? 0) + 1;
  const declined = tooDeep(depth);
  if (declined) return declined;
  return {
    request: { ...request, trigger: { ...trigger, depth } },
    context: { ...context, actor: { kind, id, via: 'agent', ...(who !== undefined && { name: who }) } },
  };
}

function tooDeep(depth: number): Decline | undefined {
  if (depth <= MOST_DEPTH) return undefined;
  const message = `Runs that agents or events start are at most ${MOST_DEPTH} deep; this one would be number ${depth}.`;
  return reject('FORBIDDEN', message, { fix: 'Start it yourself, or let an earlier run start it.' });
}
