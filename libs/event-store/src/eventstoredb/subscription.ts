import { RetryableError } from '@runledger/kernel';
import { matcherFor } from '../event-filter.js';
import type { Position, RecordedEvent, SubscribeOptions, SubscriptionBatch } from '../port.js';
import type { Connection } from './connection.js';
import { LiveFeed } from './live-feed.js';
import type { LogReader } from './log-reader.js';
import { pause } from '../pause.js';
import { pauseAfter } from './patience.js';

/** Progress without a match is told at least this often. */
const PROGRESS_MS = 1_000;
const PAGE_EVENTS = 500;

export interface SubscriptionSources {
  readonly connection: Connection;
  readonly reader: LogReader;
  readonly onProblem: (error: Error) => void;
  /** When a subscription has been silent for so long, the log is looked at: the server may have forgotten it. */
  readonly lookAgainMs: number;
}

/**
 * Follows the log from `after`: by pages until its end, then by a subscription of the server, which begins where the pages
 * ended. When that breaks, again by pages from where it broke. One course goes through all of it and accepts only what lies
 * behind it, so changing over neither misses nor repeats (E2), whatever is delivered twice.
 */
export async function* subscription(
  sources: SubscriptionSources,
  options: SubscribeOptions,
): AsyncGenerator<SubscriptionBatch, void, undefined> {
  const { signal } = options;
  const course = new Course(options);
  let failures = 0;
  while (!signal.aborted) {
    try {
      yield* catchUp(sources, course, signal);
      failures = 0;
      yield* live(sources, course, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RetryableError)) throw error;
      sources.onProblem(error);
      failures += 1;
      await pause(pauseAfter(failures), signal);
    }
  }
}

async function* catchUp({ reader }: SubscriptionSources, course: Course, signal: AbortSignal) {
  course.fallBehind();
  for (let from = course.cursor, atHead = false; !atHead && !signal.aborted;) {
    const page = await unlessAborted(reader.page(from, PAGE_EVENTS), signal);
    if (!page) return;
    ({ atHead, scannedTo: from } = page);
    yield* course.batches(page.events, atHead);
  }
}

/** Until the subscription breaks, which throws, or until it is found to have missed something. */
async function* live({ connection, reader, lookAgainMs }: SubscriptionSources, course: Course, signal: AbortSignal) {
  const feed = await LiveFeed.open(connection, course.cursor);
  let heard = performance.now();
  const isSilent = () => performance.now() - heard >= lookAgainMs;
  try {
    while (!signal.aborted) {
      const events = feed.take(PAGE_EVENTS);
      const looks = events.length === 0 && isSilent();
      const looked = looks ? await unlessAborted(reader.page(course.cursor, PAGE_EVENTS), signal) : undefined;
      if (looked && looked.events.length > 0 && feed.empty) return;
      if (looked ?? events.length > 0) heard = performance.now();
      yield* course.batches(events, feed.empty);
      await feed.changed(signal, Math.min(lookAgainMs, course.untilProgressMs()));
    }
  } finally {
    feed.close();
  }
}

/** Undefined when the signal aborts first: a read that waits for the server must not hold back whoever wants to stop. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const ending = new AbortController();
  const aborted = new Promise<undefined>(resolve => {
    signal.addEventListener('abort', () => resolve(undefined), { signal: ending.signal });
  });
  work.catch(() => undefined); // when it fails later, nobody waits for it any more
  try {
    return await Promise.race([work, aborted]);
  } finally {
    ending.abort();
  }
}

/** Where a subscription is, what it lets through, and what it has told. */
class Course {
  /** The last event of the platform that was looked at. */
  cursor: Position;
  readonly #signal: AbortSignal;
  readonly #limit: number;
  readonly #matches: (event: RecordedEvent) => boolean;
  #told: { readonly position: Position; readonly at: number };
  #behind = true;

  constructor({ after, batchSize = 500, signal, ...filter }: SubscribeOptions) {
    this.cursor = after;
    this.#signal = signal;
    this.#limit = batchSize;
    this.#matches = matcherFor(filter);
    this.#told = { position: after, at: performance.now() };
  }

  fallBehind(): void {
    this.#behind = true;
  }

  /** Moves over these events, which must follow the cursor without a gap, and makes of them what has to be told. */
  *batches(events: readonly RecordedEvent[], atHead: boolean): Generator<SubscriptionBatch, void, undefined> {
    let matching: RecordedEvent[] = [];
    if (this.#signal.aborted) return;
    for (const event of events) {
      if (event.position <= this.cursor) continue;
      if (matching.length === this.#limit) {
        yield this.#batch(matching, false, false);
        if (this.#signal.aborted) return;
        matching = [];
      }
      this.cursor = event.position;
      if (this.#matches(event)) matching.push(event);
    }
    const reachedHead = atHead && this.#behind;
    if (atHead) this.#behind = false;
    if (matching.length === 0 && !reachedHead && this.untilProgressMs() > 0) return;
    yield this.#batch(matching, atHead, reachedHead);
  }

  /** Time until progress without a match has to be told; Infinity when there is none. */
  untilProgressMs(): number {
    if (this.cursor === this.#told.position) return Infinity;
    return Math.max(0, PROGRESS_MS - (performance.now() - this.#told.at));
  }

  #batch(events: readonly RecordedEvent[], caughtUp: boolean, reachedHead: boolean): SubscriptionBatch {
    this.#told = { position: this.cursor, at: performance.now() };
    return { events, scannedTo: this.cursor, caughtUp, reachedHead };
  }
}
