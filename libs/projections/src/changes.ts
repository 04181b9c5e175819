import type { Position } from '@runledger/event-store';

/** What was committed, or that some of it was dropped. A notice is a hint: read the row again with the reader's rights. */
export type ChangeNotice =
  | {
      readonly kind: 'changed';
      readonly projection: string;
      /** Of the row; undefined when the projection does not name its rows. */
      readonly key: string | undefined;
      /** Last event that touched the row in this commit. */
      readonly position: Position;
    }
  /** The reader was too slow: `dropped` notices are gone, so read everything again. */
  | { readonly kind: 'lagged'; readonly projection: string; readonly dropped: number };

type Changed = Extract<ChangeNotice, { kind: 'changed' }>;

export interface ListenOptions {
  /** Ends the iteration. */
  readonly signal: AbortSignal;
  /** Only notices of this row. */
  readonly key?: string;
  /** Most notices that wait for the reader, default 1,024; notices of one row are joined. */
  readonly buffer?: number;
}

/** Notices within one process, sent after the commit, so that none announces what was not stored. */
export class Changes {
  readonly #listeners = new Map<string, Set<Listener>>();

  isHeard(projection: string): boolean {
    return (this.#listeners.get(projection)?.size ?? 0) > 0;
  }

  publish(notice: Changed): void {
    for (const listener of this.#listeners.get(notice.projection) ?? []) listener.offer(notice);
  }

  /** Listens from this call on, not from the first `next()`: subscribe first, then read the snapshot (G1). */
  of(projection: string, options: ListenOptions): AsyncIterableIterator<ChangeNotice> {
    const listener = new Listener(projection, options.key, options.buffer ?? 1_024);
    const listeners = this.#listeners.get(projection) ?? new Set();
    this.#listeners.set(projection, listeners.add(listener));
    const end = () => {
      listeners.delete(listener);
      listener.end();
      options.signal.removeEventListener('abort', end);
    };
    options.signal.addEventListener('abort', end);
    if (options.signal.aborted) end();
    return {
      next: () => listener.next(),
      return: () => {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

class Listener {
  readonly #waiting = new Map<string | undefined, Changed>();
  readonly #readers: ((result: IteratorResult<ChangeNotice>) => void)[] = [];
  #dropped = 0;
  #ended = false;

  constructor(
    private readonly projection: string,
    private readonly key: string | undefined,
    private readonly capacity: number,
  ) {}

  offer(notice: Changed): void {
    if (this.#ended || (this.key !== undefined && notice.key !== this.key)) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader({ done: false, value: notice });
      return;
    }
    this.#waiting.delete(notice.key);
    this.#waiting.set(notice.key, notice);
    if (this.#waiting.size > this.capacity) this.#dropOldest();
  }

  next(): Promise<IteratorResult<ChangeNotice>> {
    const value = this.#take();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise(resolve => this.#readers.push(resolve));
  }

  end(): void {
    this.#ended = true;
    this.#waiting.clear();
    this.#dropped = 0;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  #take(): ChangeNotice | undefined {
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      return { kind: 'lagged', projection: this.projection, dropped };
    }
    const oldest = this.#waiting.entries().next();
    if (oldest.done) return undefined;
    this.#waiting.delete(oldest.value[0]);
    return oldest.value[1];
  }

  #dropOldest(): void {
    const oldest = this.#waiting.keys().next();
    if (oldest.done) return;
    this.#waiting.delete(oldest.value);
    this.#dropped += 1;
  }
}
