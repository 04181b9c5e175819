import type { EventFilter, Position } from '@runledger/event-store';
import type { Delivery, Distribution } from '@runledger/messaging';

/** What a subscription to the log needs to know beside its filter. */
export interface TailOptions extends EventFilter {
  /** The workspace that is read from: never left out (G2). */
  readonly tenant: string;
  readonly after: Position;
  /** Asked before each delivery; throws when the reader's rights have ended. */
  readonly stillAllowed: () => Promise<void>;
}

/**
 * Batches of the log as an iterator that can be ended while it waits: an async generator would only notice at its next
 * event. One batch is read at a time, when the reader asks for it, so a slow reader is slow and loses nothing (G1).
 */
export function tail<Item>(
  source: Distribution,
  options: TailOptions,
  itemsOf: (batch: Delivery) => Iterable<Item>,
): AsyncIterableIterator<Item> {
  const ending = new AbortController();
  const inner = items(source, options, itemsOf, ending.signal);
  return {
    next: () => inner.next(),
    return: async () => {
      ending.abort();
      await inner.return(undefined);
      return { done: true, value: undefined };
    },
    throw: async error => {
      ending.abort();
      await inner.return(undefined);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* items<Item>(
  source: Distribution,
  { stillAllowed, ...filter }: TailOptions,
  itemsOf: (batch: Delivery) => Iterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, undefined> {
  for await (const batch of source.subscribe({ ...filter, signal, batchSize: 200 })) {
    if (signal.aborted) return;
    const ready = [...itemsOf(batch)];
    if (ready.length > 0) await stillAllowed();
    yield* ready;
  }
}
