import { RetryableError } from '@runledger/kernel';
import { pause } from '../pause.js';
import type { Position, RecordedEvent } from '../port.js';
import type { Connection } from './connection.js';
import type { Echoes } from './echoes.js';
import { LiveFeed } from './live-feed.js';
import type { LogReader } from './log-reader.js';
import { pauseAfter } from './patience.js';
import { unlessAborted } from './unless-aborted.js';

const PAGE_EVENTS = 500;

export interface LogSources {
  readonly connection: Connection;
  readonly reader: LogReader;
  readonly echoes: Echoes;
  readonly onProblem: (error: Error) => void;
  /** When the server has been silent for so long, the log is looked at: it may have forgotten the subscription. */
  readonly lookAgainMs: number;
}

/** The next events of the platform, without a gap to those before. */
export interface Stretch {
  readonly events: readonly RecordedEvent[];
  /** Nothing more had come at that moment. */
  readonly atHead: boolean;
  /** True when the end was reached by pages: at the beginning, and after each break. */
  readonly caughtUp: boolean;
}

/**
 * Every event of the platform behind `after`: by pages until the end of the log, then by a subscription of the server, which
 * begins where the pages ended. When that breaks, again by pages from where it broke. Only what lies behind the events that
 * were given already is accepted, so changing over neither misses nor repeats (E2), whatever is delivered twice.
 */
export async function* following(
  sources: LogSources,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<Stretch, void, undefined> {
  const course = new Course(after);
  let failures = 0;
  while (!signal.aborted) {
    try {
      yield* catchUp(sources, course, signal);
      failures = 0;
      if (signal.aborted) return;
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

async function* catchUp({ reader }: LogSources, course: Course, signal: AbortSignal): AsyncGenerator<Stretch> {
  for (let from = course.cursor, atHead = false; !atHead && !signal.aborted;) {
    const page = await unlessAborted(reader.page(from, PAGE_EVENTS), signal);
    if (!page) return;
    ({ atHead, scannedTo: from } = page);
    yield { events: course.accept(page.events), atHead, caughtUp: atHead };
  }
}

/** Until the subscription breaks, which throws, or until it is found to have missed something. */
async function* live(
  { connection, reader, echoes, lookAgainMs }: LogSources,
  course: Course,
  signal: AbortSignal,
): AsyncGenerator<Stretch> {
  const feed = await LiveFeed.open(connection, echoes, course.cursor);
  let heard = performance.now();
  const isSilent = () => performance.now() - heard >= lookAgainMs;
  try {
    while (!signal.aborted) {
      const events = feed.take(PAGE_EVENTS);
      const looks = events.length === 0 && isSilent();
      const looked = looks ? await unlessAborted(reader.page(course.cursor, PAGE_EVENTS), signal) : undefined;
      if (looked && looked.events.length > 0 && feed.empty) return;
      if (looked ?? events.length > 0) heard = performance.now();
      const fresh = course.accept(events);
      if (fresh.length > 0) yield { events: fresh, atHead: feed.empty, caughtUp: false };
      await feed.changed(signal, lookAgainMs);
    }
  } finally {
    feed.close();
  }
}

/** Where the reading is; it moves forwards only. */
class Course {
  constructor(public cursor: Position) {}

  /** Those that are new; they must follow the cursor without a gap. */
  accept(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    const fresh = events.filter(event => {
      if (event.position <= this.cursor) return false;
      this.cursor = event.position;
      return true;
    });
    return fresh;
  }
}
