import { RetryableError } from '@runledger/kernel';
import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { arrived } from '../stages.js';
import type { LogReader, Page, TailPage } from './log-reader.js';
import type { Loopback, OwnEvents } from './loopback.js';
import { StoreFault } from './store-errors.js';
import { Followers } from '../followers.js';
import type { Follower, Wanted } from '../followers.js';

/** What the tail keeps for followers; whoever is further behind reads pages of its own. */
const KEPT_EVENTS = 10_000;
const KEPT_BYTES = 32_000_000;
/** What it keeps for newcomers, when all followers have it behind them. */
const SPARE_EVENTS = 100;
/** Beyond that, which followers have what behind them is looked at no sooner: there may be thousands. */
const SLACK_EVENTS = 250;
const PAGE_EVENTS = 1_000;

/** Between two looks at the log when nobody wakes the tail: at first, then twice as long each time, up to the longest pause. */
const LOOK_AGAIN_MS = 250;
const UNSETTLED_MS = 5;
const LONGEST_MS = 1_000;
const AFTER_FAULT_MS = 250;

/** Beyond any position. */
const LAST: Position = 1n << 63n;

interface Chunk {
  readonly events: readonly RecordedEvent[];
  readonly to: Position;
  readonly bytes: number;
}

/**
 * The end of the log in memory: read once per process, followed by any number of subscriptions.
 *
 * T1 It holds every event after `from` and up to `to`: a follower inside that range misses nothing and repeats nothing.
 *    It grows at its end only, by pages of the log or by own events that are provably next (Loopback).
 * T2 It never grows beyond its limits: the oldest events go, and followers that still need them fall back to paging. What all
 *    of them have behind them goes sooner, but for the newest events: kept longer, it would only be moved about by the collector.
 * T3 Its loop ends only when nobody follows. Being woken is a hint; looking again and again is what makes it correct.
 */
export class Tail {
  readonly #chunks: Chunk[] = [];
  #from: Position | undefined;
  #to: Position = START;
  #events = 0;
  #bytes = 0;
  readonly #followers = new Followers(this);
  #running = false;
  #woken = false;
  #stopPause: (() => void) | undefined;
  #fault: Error | undefined;
  #version = 0;

  constructor(
    private readonly reader: LogReader,
    private readonly loopback: Loopback,
    private readonly onProblem: (error: Error) => void,
    private readonly lookAgainMs = LOOK_AGAIN_MS,
  ) {}

  /** Grows with each change, so that a follower can tell whether it missed one. */
  get version(): number {
    return this.#version;
  }

  /** Where it ends; undefined before it has begun. */
  get end(): Position | undefined {
    return this.#from === undefined ? undefined : this.#to;
  }

  follow(wanted: Wanted): Follower {
    const follower = this.#followers.follow(wanted);
    if (!this.#running) void this.#run();
    return follower;
  }

  unfollow(follower: Follower): void {
    this.#followers.remove(follower);
    if (this.#followers.size === 0) this.#stopPause?.();
  }

  /** Something may have been appended. */
  wake(): void {
    this.#woken = true;
    this.#stopPause?.();
  }

  /** This process has appended: what follows the tail without a gap joins it at once, for the rest the log is read. */
  growByOwn(): void {
    if (!this.#running) return this.loopback.passed(LAST);
    if (this.#from === undefined) return; // it may follow where the tail will begin
    const own = this.loopback.next(this.#to);
    if (own) {
      this.reader.settledUpTo(own.scannedTo);
      this.#keep(own);
    }
    if (this.loopback.isStuck()) this.wake();
  }

  /** What follows this position is here, as far as it is known. */
  reaches(position: Position): boolean {
    return this.#from !== undefined && position >= this.#from;
  }

  /** The next events after `after` that match, looking at most at `limit`; undefined when they are not kept (any more). */
  read(after: Position, limit: number, matches: (event: RecordedEvent) => boolean): Page | undefined {
    if (this.#fault) throw this.#fault;
    if (!this.reaches(after)) return undefined;
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    for (const chunk of this.#chunksAfter(after)) {
      for (const event of chunk.events) {
        if (event.position <= after) continue;
        if (events.length === limit) return { events, scannedTo, atHead: false };
        scannedTo = event.position;
        if (matches(event)) events.push(event);
      }
    }
    return { events, scannedTo, atHead: true };
  }

  #chunksAfter(after: Position): readonly Chunk[] {
    let first = this.#chunks.length;
    while (first > 0 && (this.#chunks[first - 1]?.to ?? START) > after) first -= 1;
    return this.#chunks.slice(first);
  }

  async #run(): Promise<void> {
    this.#running = true;
    let idle = 0;
    while (this.#followers.size > 0) {
      this.#woken = false;
      try {
        // Having come to the head, another look would only find it again: whoever appends wakes the tail.
        const look = await this.#advance();
        idle = look === 'more' ? 0 : look === 'reached' ? 1 : idle + 1;
        this.#fault = undefined;
        if (!this.#woken && idle > 0) await this.#pause(this.#pauseMs(idle));
      } catch (error) {
        await this.#pause(this.#survive(error));
        idle = 1;
      }
    }
    this.#forget();
  }

  /** T1: pages follow each other without a gap. `more`: there may be more; `reached`: the log had grown up to here. */
  async #advance(): Promise<'more' | 'reached' | 'idle'> {
    if (this.#from === undefined) {
      this.#to = this.#from = await this.reader.head();
      this.#announce();
      this.growByOwn();
      return 'more';
    }
    const asked = this.#to;
    const page = await this.reader.tailPage(asked, PAGE_EVENTS);
    if (page.scannedTo === asked) return 'idle';
    if (page.scannedTo > this.#to) {
      this.#keep(beyond(page, this.#to));
      this.growByOwn();
    }
    return page.atHead ? 'reached' : 'more';
  }

  #keep(page: OwnEvents): void {
    const { events, scannedTo, bytes } = page;
    arrived('in the log', events);
    const before = this.#to;
    this.#chunks.push({ events, to: scannedTo, bytes });
    this.#to = scannedTo;
    this.#events += events.length;
    this.#bytes += bytes;
    this.#version += 1;
    this.#followers.offer(page, before);
    this.#trim();
  }

  #trim(): void {
    if (this.#events < SPARE_EVENTS + SLACK_EVENTS && this.#bytes <= KEPT_BYTES) return;
    const passed = this.#followers.lowest(this.#to);
    for (let [oldest] = this.#chunks; oldest && this.#chunks.length > 1; [oldest] = this.#chunks) {
      const isTooMuch = this.#events > KEPT_EVENTS || this.#bytes > KEPT_BYTES;
      const isSpare = oldest.to <= passed && this.#events - oldest.events.length >= SPARE_EVENTS;
      if (!isTooMuch && !isSpare) return;
      this.#dropOldest(oldest);
    }
  }

  #dropOldest(oldest: Chunk): void {
    this.#chunks.shift();
    this.#from = oldest.to;
    this.#events -= oldest.events.length;
    this.#bytes -= oldest.bytes;
  }

  /** A writer that holds back the head may end without a sign (roll back, die), so then the tail looks sooner. */
  #pauseMs(idle: number): number {
    const shortest = this.reader.unsettled ? UNSETTLED_MS : this.lookAgainMs;
    const longest = Math.max(LONGEST_MS, shortest);
    return Math.min(longest, shortest * 2 ** Math.min(idle - 1, 10)) * (0.75 + Math.random() / 2);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      this.#stopPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#stopPause = undefined;
  }

  /** What passes by itself is waited for; anything else reaches the followers, and the next one starts afresh. */
  #survive(error: unknown): number {
    const problem = error instanceof Error ? error : new StoreFault(error);
    this.onProblem(problem);
    if (problem instanceof RetryableError) return AFTER_FAULT_MS;
    this.#fault = problem;
    this.#announce();
    return LONGEST_MS;
  }

  #announce(): void {
    this.#version += 1;
    this.#followers.wake();
  }

  #forget(): void {
    this.#running = false;
    this.#chunks.length = 0;
    this.#from = undefined;
    this.#events = 0;
    this.#bytes = 0;
    this.#fault = undefined;
  }
}

/** Own events may have joined the tail while the page was read. */
function beyond(page: TailPage, to: Position): TailPage {
  const [first] = page.events;
  return first && first.position <= to
    ? { ...page, events: page.events.filter(({ position }) => position > to) }
    : page;
}
