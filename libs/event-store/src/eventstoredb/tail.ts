import type { Position, RecordedEvent } from '../port.js';
import { following } from './following.js';
import type { LogSources, Stretch } from './following.js';
import { RecentEvents } from './recent-events.js';
import { unlessAborted } from './unless-aborted.js';

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
 * T1 A follower inside the stretch that is kept misses nothing and repeats nothing.
 * T2 It never grows beyond its limits: the oldest events go, and followers that still need them fall back to pages.
 * T3 It is received only while somebody follows. A fault ends it for all; whoever follows next begins afresh.
 */
export class Tail {
  readonly #recent = new RecentEvents();
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
    return this.#recent.to;
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
    const page = this.#recent.read(after, limit, matches);
    return page && { events: page.events, scannedTo: page.scannedTo, atHead: page.toEnd && this.#atHead };
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
    this.#recent.begin(head);
    [this.#atHead, this.#hasCaughtUp] = [false, false];
    this.#announce();
  }

  #keep({ events, atHead, caughtUp }: Stretch): void {
    this.#recent.push(events);
    this.#atHead = atHead;
    if (caughtUp && this.#hasCaughtUp) this.#breaks += 1;
    this.#hasCaughtUp ||= caughtUp;
    this.#announce();
  }

  #announce(): void {
    this.#version += 1;
    for (const done of [...this.#waiting]) done();
  }

  #forget(): void {
    this.#running = undefined;
    this.#recent.forget();
  }
}
