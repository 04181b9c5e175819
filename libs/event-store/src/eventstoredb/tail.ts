import { Followers } from '../followers.js';
import type { Follower, Wanted } from '../followers.js';
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
 * T4 Followers sleep through what they do not want ({@link Followers}); whenever the end of the log is reached anew, all of them
 *    look, because they may have it to say.
 */
export class Tail {
  readonly #recent = new RecentEvents();
  readonly #followers = new Followers(this);
  #atHead = false;
  #running: AbortController | undefined;
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

  /** The same; undefined as long as it has not begun. */
  get end(): Position | undefined {
    return this.#recent.hasBegun ? this.#recent.to : undefined;
  }

  follow(wanted: Wanted): Follower {
    const follower = this.#followers.follow(wanted);
    if (this.#running) return follower;
    this.#fault = undefined;
    this.#running = new AbortController();
    void this.#run(AbortSignal.any([this.#running.signal, this.closing]), this.#running);
    return follower;
  }

  unfollow(follower: Follower): void {
    this.#followers.remove(follower);
    if (this.#followers.size > 0) return;
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
    const before = this.#recent.to;
    this.#recent.push(events);
    const reached = atHead && (caughtUp || !this.#atHead);
    this.#atHead = atHead;
    if (caughtUp && this.#hasCaughtUp) this.#breaks += 1;
    this.#hasCaughtUp ||= caughtUp;
    if (reached) return this.#announce();
    this.#version += 1;
    this.#followers.offer({ events, scannedTo: this.#recent.to }, before);
  }

  #announce(): void {
    this.#version += 1;
    this.#followers.wake();
  }

  #forget(): void {
    this.#running = undefined;
    this.#recent.forget();
  }
}
