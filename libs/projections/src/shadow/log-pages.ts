import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';

/** The log as a rebuild reads it. */
export type ReadableLog = Pick<EventStore, 'readAll' | 'head' | 'identity'>;

/** A piece of the log in order: every wanted event after the piece before, up to `scannedTo`. */
export interface LogPage {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
}

export interface LogPagesOptions {
  /** Exclusive. */
  readonly after: Position;
  /** Inclusive; left out: the end of the log as it is when the reading comes there. */
  readonly upTo?: Position;
  /** Empty: every type. */
  readonly types: readonly string[];
  readonly pageSize: number;
  readonly signal: AbortSignal;
}

/** Reads the log page by page, the next page under way while one is being worked on. Ends at `upTo`, or where the log ends. */
export async function* logPages(
  store: Pick<EventStore, 'readAll'>,
  { after, upTo, types, pageSize, signal }: LogPagesOptions,
): AsyncGenerator<LogPage, void> {
  const read = (from: Position) =>
    store.readAll({ after: from, limit: pageSize, ...(types.length === 0 ? {} : { types }) });
  let at = after;
  let next = upTo !== undefined && at >= upTo ? undefined : read(at);
  while (next && !signal.aborted) {
    const { events, scannedTo, caughtUp } = await next;
    const isLast = (upTo !== undefined && scannedTo >= upTo) || (caughtUp && scannedTo === at);
    next = isLast ? undefined : read(scannedTo);
    // Awaited in the next round; until then its failure is nobody's unhandled rejection.
    next?.catch(() => undefined);
    at = scannedTo;
    yield upTo !== undefined && scannedTo > upTo
      ? { events: events.filter(event => event.position <= upTo), scannedTo: upTo }
      : { events, scannedTo };
  }
}
