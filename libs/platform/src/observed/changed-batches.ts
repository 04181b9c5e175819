import type { RecordedEvent, SubscribeOptions } from '@runledger/event-store';

/**
 * The same batches, some of them changed. One that stays as it is goes on without another wait: each event passes here once for
 * everybody who follows it. When a change fails, what is read from is ended.
 */
export function changedBatches<Batch extends object>(
  batches: AsyncIterable<Batch>,
  change: (batch: Batch) => Batch | Promise<Batch>,
): AsyncIterable<Batch> {
  return {
    [Symbol.asyncIterator]: () => {
      const all = batches[Symbol.asyncIterator]();
      const end = async (): Promise<IteratorResult<Batch, undefined>> => {
        await all.return?.();
        return { done: true, value: undefined };
      };
      return {
        next: async () => {
          const next = await all.next();
          if (next.done === true) return next;
          try {
            const changed = change(next.value);
            return changed === next.value ? next : { done: false, value: await changed };
          } catch (error) {
            await end();
            throw error;
          }
        },
        return: end,
      };
    },
  };
}

/** What is asked of a source whose events are changed on the way: whom one concerns cannot be told before its change. */
export function askedBeforeChange(
  options: SubscribeOptions,
  isChanged: (event: RecordedEvent) => boolean,
): SubscribeOptions {
  const { concerns } = options;
  return concerns ? { ...options, concerns: event => isChanged(event) || concerns(event) } : options;
}
