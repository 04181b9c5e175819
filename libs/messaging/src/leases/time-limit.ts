import { pause } from '@runledger/event-store';

/** The work's outcome, or a fault when it takes longer; the work itself is not stopped. */
export async function timeLimited<T>(work: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  const over = new AbortController();
  const limit = pause(limitMs, over.signal).then(() => {
    if (!over.signal.aborted) throw late();
    return work;
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
  }
}
