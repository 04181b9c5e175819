import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { following } from './following.js';
import type { LogSources, Stretch } from './following.js';
import { unlessAborted } from './unless-aborted.js';

/** What the tail keeps for followers; whoever is further behind reads pages of its own. */
const KEPT_EVENTS = 10_000;
const KEPT_BYTES = 32_000_000;

interface Kept {
  readonly event: RecordedEvent;
  readonly bytes: number;
}

/** What a follower finds in the tail behind its position. */
export interface TailPage {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
  readonly atHead: boolean;
}

/**
 * The end of the log in memory: received from the server once per process, followed by any number of subscriptions. (Each
 * subscription of the server brings every event of the platform, whatever its follower wants.)
 *
 * T1 It holds every event after `from` and up to `to`: a follower inside that range misses nothing and repeats nothing.
 * T2 It never grows beyond its limits: the oldest events go, and followers that still need them fall back to pages.
 * T3 It is received only while somebody follows. A fault ends it for all; whoever follows next begins afresh.
 */
export class Tail {
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  #from: Position | undefined;
  #to: Position = START;
  #atHead = false;
  #followers = 0;
  #running: AbortController | undefined;
  #waiting = new Set<() => void>();
  #fault: Error | undefined;
  #version = 0;
  #breaks = 0;
  #hasCaughtUp = false;

  constructor(
    private readonly sources: LogSources,
    private readonly closing: AbortSignal,
  ) {}

  /** Grows with each change, so that a follower can tell whether it missed one. */
  get version(): number {
    return this.#version;
  }

  /** How often the end of the log was reached anew after a break. */
  get breaks(): number {
    return this.#breaks;
  }

  /** Its end. */
  get to(): Position {
    return this.#to;
  }

  follow(): void {
    this.#followers += 1;
    if (this.#running) return;
    this.#fault = undefined;
    this.#running = new AbortController();
    void this.#run(AbortSignal.any([this.#running.signal, this.closing]), this.#running);
  }

  unfollow(): void {
    this.#followers -= 1;
    if (this.#followers > 0) return;
    this.#running?.abort();
    this.#forget();
  }

  /** The next events after `after` that match; undefined when they are not kept (any more, or yet). */
  read(after: Position, limit: number, matches: (event: RecordedEvent) => boolean): TailPage | undefined {
    if (this.#fault) throw this.#fault;
    return this.peek(after, limit, matches);
  }

  /** The same for those who do not follow. */
  peek(after: Position, limit: number, matches: (event: RecordedEvent) => boolean): TailPage | undefined {
    if (this.#from === undefined || after < this.#from) return undefined;
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    for (let index = this.#indexAfter(after); index < this.#kept.length; index += 1) {
      const { event } = this.#kept[index] as Kept;
      if (events.length === limit) return { events, scannedTo, atHead: false };
      scannedTo = event.position;
      if (matches(event)) events.push(event);
    }
    return { events, scannedTo, atHead: this.#atHead };
  }

  /** Resolves when the version is another than `seen`, the time is over, or the signal aborts. */
  async changed(seen: number, signal: AbortSignal, timeoutMs: number): Promise<void> {
    if (this.#version !== seen || signal.aborted) return;
    await new Promise<void>(resolve => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = Number.isFinite(timeoutMs) ? setTimeout(done, timeoutMs) : undefined;
      signal.addEventListener('abort', done);
      this.#waiting.add(done);
    });
  }

  async #run(signal: AbortSignal, run: AbortController): Promise<void> {
    try {
      const head = await unlessAborted(this.sources.reader.head(), signal);
      if (head === undefined) return;
      this.#begin(head);
      for await (const stretch of following(this.sources, head, signal)) {
        if (signal.aborted) return;
        this.#keep(stretch);
      }
    } catch (error) {
      if (this.#running !== run) return;
      this.#fault = error instanceof Error ? error : new Error(String(error));
      this.#announce();
    } finally {
      if (this.#running === run) this.#forget();
    }
  }

  #begin(head: Position): void {
    [this.#kept, this.#first, this.#bytes] = [[], 0, 0];
    this.#from = this.#to = head;
    [this.#atHead, this.#hasCaughtUp] = [false, false];
    this.#announce();
  }

  #keep({ events, atHead, caughtUp }: Stretch): void {
    for (const event of events) {
      const bytes = JSON.stringify(event.data ?? null).length;
      this.#kept.push({ event, bytes });
      this.#bytes += bytes;
      this.#to = event.position;
    }
    this.#atHead = atHead;
    if (caughtUp && this.#hasCaughtUp) this.#breaks += 1;
    this.#hasCaughtUp ||= caughtUp;
    while (this.#kept.length - this.#first > KEPT_EVENTS || this.#bytes > KEPT_BYTES) this.#drop();
    if (this.#first > 1_024) [this.#kept, this.#first] = [this.#kept.slice(this.#first), 0];
    this.#announce();
  }

  #drop(): void {
    const { event, bytes } = this.#kept[this.#first] as Kept;
    this.#first += 1;
    this.#bytes -= bytes;
    this.#from = event.position;
  }

  #indexAfter(after: Position): number {
    let [low, high] = [this.#first, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as Kept).event.position <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #announce(): void {
    this.#version += 1;
    for (const done of [...this.#waiting]) done();
  }

  #forget(): void {
    this.#running = undefined;
    this.#from = undefined;
    [this.#kept, this.#first, this.#bytes] = [[], 0, 0];
  }
}
