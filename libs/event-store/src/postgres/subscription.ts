import { RetryableError } from '@runledger/kernel';
import { pause } from '../pause.js';
import type { Position, RecordedEvent, SubscribeOptions, SubscriptionBatch } from '../port.js';
import { followerMatcher } from '../event-filter.js';
import type { Closing } from './closing.js';
import type { LogReader, Page } from './log-reader.js';
import type { Tail } from './tail.js';

/** Progress without a match is told at least each second: the tail wakes whoever sleeps twice as often. */
const PROGRESS_MS = 500;
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

export interface SubscriptionSources {
  readonly reader: LogReader;
  readonly tail: Tail;
  readonly closing: Closing;
  readonly onProblem: (error: Error) => void;
}

/**
 * Follows the log from `after`: from the shared tail where it reaches, by pages of its own where it does not. One cursor
 * goes through both, so changing over neither misses nor repeats (E2), and a slow subscriber costs no memory: it pages.
 */
export async function* subscription(
  sources: SubscriptionSources,
  options: SubscribeOptions,
): AsyncGenerator<SubscriptionBatch, void, undefined> {
  const { tail, closing } = sources;
  const { signal } = options;
  const matches = followerMatcher(options);
  const next = nextPage(sources, options, matches);
  let cursor = options.after;
  let told = { position: cursor, at: performance.now() };
  let live = false;
  const follower = tail.follow({ ...options, matches });
  let ended = signal.aborted;
  const end = () => {
    ended = true;
    follower.wake();
  };
  signal.addEventListener('abort', end);
  const forget = closing.whenClosed(end);
  try {
    for (let ahead: Look | undefined; !ended;) {
      const { seen, answer }: Look = ahead ?? look(tail, next(cursor));
      ahead = undefined;
      // What is in memory is there at once: an event passes here once for each of its readers.
      const page = answer instanceof Promise ? await answer : answer;
      if (ended || !page) continue;
      follower.moveTo((cursor = page.scannedTo));
      // Far behind, the next page is fetched while the reader is busy with this one.
      if (!page.fromTail && !page.atHead) ahead = look(tail, next(cursor));
      const reachedHead = page.atHead && !live;
      // One that was at the head when the tail had not begun reads what lies between: it has not fallen behind.
      live = page.atHead || (live && (page.fromTail || tail.reaches(cursor)));
      const quietMs = performance.now() - told.at;
      if (page.events.length > 0 || reachedHead || (cursor > told.position && quietMs >= PROGRESS_MS)) {
        yield { events: page.events, scannedTo: cursor, caughtUp: page.atHead, reachedHead };
        told = { position: cursor, at: performance.now() };
      } else if (page.atHead) {
        await follower.next(seen, cursor > told.position);
        cursor = follower.position;
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    forget();
    tail.unfollow(follower);
  }
}

type Answer = (Page & { readonly fromTail: boolean }) | undefined;

interface Look {
  /** The tail's version before the look: what came since is not in it. */
  readonly seen: number;
  readonly answer: Answer | Promise<Answer>;
}

function look({ version: seen }: Tail, answer: Answer | Promise<Answer>): Look {
  if (answer instanceof Promise) answer.catch(() => undefined); // whoever awaits it is told; until then nobody may be listening
  return { seen, answer };
}

/** Reads on after a position, at once where the tail reaches; undefined when that failed in passing: then the same position is tried again. */
function nextPage(
  { tail, reader, closing, onProblem }: SubscriptionSources,
  options: SubscribeOptions,
  matches: (event: RecordedEvent) => boolean,
) {
  const { signal, batchSize: limit = 500, after: _start, ...filter } = options;
  let failures = 0;
  const pageOf = async (after: Position): Promise<Answer> => {
    try {
      const page = await reader.page({ ...filter, after, limit });
      failures = 0;
      return { ...page, fromTail: false };
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      onProblem(error);
      failures += 1;
      const ending = AbortSignal.any([signal, closing.signal]);
      await pause(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (failures - 1)), ending);
      return undefined;
    }
  };
  return (after: Position): Answer | Promise<Answer> => {
    const kept = tail.read(after, limit, matches);
    return kept ? { ...kept, fromTail: true } : pageOf(after);
  };
}
