import { RetryableError } from '@runledger/kernel';
import { followerMatcher } from '../event-filter.js';
import { pause } from '../pause.js';
import type { Position, RecordedEvent, SubscribeOptions, SubscriptionBatch } from '../port.js';
import { pauseAfter } from './patience.js';
import { readFiltered } from './slices.js';
import type { PageSources } from './slices.js';
import type { Stories } from './stories.js';
import type { TailPage } from './tail.js';
import { unlessAborted } from './unless-aborted.js';

/** Progress without a match is told at least each second: the tail wakes whoever sleeps twice as often. */
const PROGRESS_MS = 500;

export interface SubscriptionSources extends PageSources {
  readonly stories: Stories;
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
  const { tail } = sources;
  const { signal } = options;
  const matches = followerMatcher(options);
  const next = nextPage(sources, options, matches);
  let cursor = options.after;
  let told = { position: cursor, at: performance.now() };
  let [behind, breaks] = [true, tail.breaks];
  if (signal.aborted) return;
  const follower = tail.follow({ ...options, matches });
  const wake = () => follower.wake();
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      const { version } = tail;
      const answer = next(cursor);
      // What is in memory is there at once: an event passes here once for each of its readers.
      const page = answer instanceof Promise ? await answer : answer;
      if (signal.aborted || !page) continue;
      follower.moveTo((cursor = page.scannedTo));
      behind ||= breaks !== tail.breaks;
      breaks = tail.breaks;
      const reachedHead = page.atHead && behind;
      if (reachedHead) behind = false;
      const quietMs = performance.now() - told.at;
      if (page.events.length > 0 || reachedHead || (cursor > told.position && quietMs >= PROGRESS_MS)) {
        yield { events: page.events, scannedTo: cursor, caughtUp: page.atHead, reachedHead };
        told = { position: cursor, at: performance.now() };
      } else if (page.atHead || page.fromTail) {
        await follower.next(version, cursor > told.position);
        cursor = follower.position;
      }
    }
  } finally {
    signal.removeEventListener('abort', wake);
    tail.unfollow(follower);
  }
}

type Answer = (TailPage & { readonly fromTail: boolean }) | undefined;

/**
 * Reads on after a position; undefined when that failed in passing: then the same position is tried again. The first page of a
 * position beyond the tail comes from the log: the tail may be late, or the log shorter than the position.
 */
function nextPage(
  sources: SubscriptionSources,
  options: SubscribeOptions,
  matches: (event: RecordedEvent) => boolean,
): (after: Position) => Answer | Promise<Answer> {
  const { tail, onProblem } = sources;
  const { signal, batchSize: limit = 500, after: _start, progress: _progress, ...filter } = options;
  let failures = 0;
  let known = false;
  const pageOf = async (after: Position): Promise<Answer> => {
    try {
      const slice = await unlessAborted(readFiltered(sources, { ...filter, after, limit }), signal);
      if (!slice) return undefined;
      [failures, known] = [0, true];
      return { events: slice.events, scannedTo: slice.scannedTo, atHead: slice.caughtUp, fromTail: false };
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      onProblem(error);
      failures += 1;
      await pause(pauseAfter(failures), signal);
      return undefined;
    }
  };
  return after => {
    const kept = known || after <= tail.to ? tail.read(after, limit, matches) : undefined;
    known ||= kept !== undefined;
    return kept ? { ...kept, fromTail: true } : pageOf(after);
  };
}
