/** `first`, then what `make` makes of each change; can be ended while it waits. */
export function following<Item, Change>(
  first: readonly Item[],
  changes: AsyncIterableIterator<Change>,
  make: (change: Change) => Promise<Item | undefined>,
): AsyncIterableIterator<Item> {
  const waiting = [...first];
  return {
    next: async () => {
      const ready = waiting.shift();
      if (ready !== undefined) return { done: false, value: ready };
      for (;;) {
        const next = await changes.next();
        if (next.done) return { done: true, value: undefined };
        const item = await make(next.value);
        if (item !== undefined) return { done: false, value: item };
      }
    },
    return: async () => {
      await changes.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
