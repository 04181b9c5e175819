/** The same items, the next one asked for while the current one is being worked on. */
export async function* readAhead<T>(source: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let next = source.next();
  for (;;) {
    const { done, value } = await next;
    if (done) return;
    next = source.next();
    // Awaited in the next round; until then its failure is nobody's unhandled rejection.
    next.catch(() => undefined);
    yield value;
  }
}
