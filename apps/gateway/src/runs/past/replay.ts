import type { ApprovalEvent } from '@runledger/contracts';
import { catalogue } from '@runledger/contracts';
import { START, type EventStore, type Position, type RecordedEvent } from '@runledger/event-store';
import { upcastEvent } from '@runledger/messaging';
import type { Recorded } from '@runledger/projections';
import { PastFold } from './past-run.js';

const PAGE = 500;

export interface ReplayOptions {
  readonly runId: string;
  /** The last position to look at; default: the end of the log. */
  readonly to?: Position;
  /** Told of every event of the run, in the order of the log, its data as it was stored. */
  onEvent?(this: void, event: RecordedEvent): void;
}

/**
 * Plays a run again from the log, by the reducers that make its rows. Answers its view as it was then, with its steps and
 * approvals; undefined when it had not begun.
 */
export async function replayRun(store: Pick<EventStore, 'readAll'>, { runId, to, onEvent }: ReplayOptions) {
  const fold = new PastFold();
  let last = START;
  for (let after = START; ;) {
    const slice = await store.readAll({ correlationId: runId, after, limit: PAGE });
    for (const event of slice.events) {
      if (to !== undefined && event.position > to) break;
      onEvent?.(event);
      fold.add(upcastEvent(catalogue, event) as Recorded<ApprovalEvent>);
      last = event.position;
    }
    if (slice.caughtUp || (to !== undefined && slice.scannedTo >= to)) break;
    after = slice.scannedTo;
  }
  const found = fold.asOf(last);
  return found && { ...found.view, steps: found.past.steps, approvals: found.past.approvals };
}
