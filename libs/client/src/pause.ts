const SHORTEST_MS = 200;
const LONGEST_MS = 10_000;

/** The pause before the n-th try in a row, n from 1: twice as long each time, with jitter so that clients do not come back all at once. */
export function pauseMs(failures: number, atLeastMs = 0): number {
  const most = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (failures - 1));
  return Math.max(atLeastMs, most / 2 + (Math.random() * most) / 2);
}

/** Resolves after the time, or at once when it is not worth waiting any more. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
