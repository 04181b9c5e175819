import type { EventStore } from '@runledger/event-store';
import type { AttemptHistory, EarlierSession } from './attempt-history.js';
import { readHistory } from './attempt-history.js';
import type { ReadyAttempt } from './attempt-place.js';
import { placeOf } from './attempt-place.js';

/**
 * The conversation that an agent elsewhere goes on with in a new attempt: after changes were requested it is told more, and what was only
 * blocked is taken over where it is. An attempt that failed is begun anew.
 */
export async function earlierSession(
  store: EventStore,
  { workspaceId, ready }: ReadyAttempt,
  { sessionId: own }: AttemptHistory,
): Promise<EarlierSession | undefined> {
  if (ready.agent?.provider !== 'cursor-cloud' || ready.attempt === 1 || own !== undefined) return undefined;
  const before = await readHistory(store, workspaceId, placeOf({ ...ready, attempt: ready.attempt - 1 }));
  const { sessionId, sessionAfter: after, outcome } = before;
  if (sessionId === undefined || outcome === undefined || outcome === 'ERROR') return undefined;
  return { sessionId, isOver: outcome !== 'BLOCKED', ...(after !== undefined && { after }) };
}
