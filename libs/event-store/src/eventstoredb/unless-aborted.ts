/** Undefined when the signal aborts first: a read that waits for the server must not hold back whoever wants to stop. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  work.catch(() => undefined); // when it fails later, nobody waits for it any more
  if (signal.aborted) return undefined;
  const ending = new AbortController();
  const aborted = new Promise<undefined>(resolve => {
    signal.addEventListener('abort', () => resolve(undefined), { signal: ending.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    ending.abort();
  }
}
