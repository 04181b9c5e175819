/**
 * The items of a source, the next one asked for while the current one is being worked on. However the reader leaves, the
 * source is ended and closed before: a subscription left open would be followed for ever.
 */
export async function* readAhead<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T, void>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const leaving = new AbortController();
  const source = open(AbortSignal.any([signal, leaving.signal]));
  let next = source.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = source.next();
      // Awaited in the next round; until then its failure is nobody's unhandled rejection.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    leaving.abort();
    await source.return();
  }
}
