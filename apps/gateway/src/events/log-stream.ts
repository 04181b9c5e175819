import type { EventFilter, Position } from '@runledger/event-store';
import type { Delivery, Distribution } from '@runledger/messaging';

/** What a subscription to the log needs to know beside its filter. */
export interface TailOptions extends EventFilter {
  /** The workspace that is read from: never left out (G2). */
  readonly tenant: string;
  readonly after: Position;
  /** Asked before each delivery; throws when the reader's rights have ended. */
  readonly stillAllowed: () => Promise<void>;
  /** False: it is not told how far the log was read where nothing matched. */
  readonly progress?: boolean;
}

/** Given as the reason, so that none with a stack is made for each reader who leaves. */
const ENDED = 'ended';

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
  const inner = new Items(source, options, itemsOf, ending.signal);
  const end = async () => {
    ending.abort(ENDED);
    await inner.end();
  };
  return {
    next: () => inner.next(),
    return: async () => {
      await end();
      return { done: true, value: undefined };
    },
    throw: async error => {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** No generator: an event passes here once for each of its readers. */
class Items<Item> {
  readonly #batches: AsyncIterator<Delivery>;
  readonly #stillAllowed: () => Promise<void>;
  #ready: readonly Item[] = [];
  #given = 0;

  constructor(
    source: Distribution,
    { stillAllowed, ...filter }: TailOptions,
    private readonly itemsOf: (batch: Delivery) => Iterable<Item>,
    private readonly signal: AbortSignal,
  ) {
    this.#stillAllowed = stillAllowed;
    this.#batches = source.subscribe({ ...filter, signal, batchSize: 200 })[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    while (!this.signal.aborted) {
      if (this.#given < this.#ready.length) return { done: false, value: this.#ready[this.#given++] as Item };
      const batch = await this.#batches.next();
      if (batch.done === true) break;
      await this.#take(batch.value);
    }
    return { done: true, value: undefined };
  }

  async end(): Promise<void> {
    await this.#batches.return?.();
  }

  async #take(batch: Delivery): Promise<void> {
    this.#ready = [...this.itemsOf(batch)];
    this.#given = 0;
    if (this.#ready.length === 0) return;
    try {
      await this.#stillAllowed();
    } catch (error) {
      this.#ready = [];
      await this.end();
      throw error;
    }
  }
}
