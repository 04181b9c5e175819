import { RunledgerError } from './client-error.js';
import { pause, pauseMs } from './pause.js';

/** The result of a subscription: one field, whose value says where to go on behind it. */
export type Cursored = { readonly [field: string]: unknown };

interface Resumption {
  readonly signal: AbortSignal | undefined;
  readonly onProblem: ((problem: RunledgerError) => void) | undefined;
}

/** Goes on behind the last item that was handed out, for as long as what interrupts passes by itself (G1). */
export async function* resumed<Item extends Cursored>(
  open: (after: string | undefined, ending: AbortSignal) => AsyncIterable<Item>,
  { signal, onProblem }: Resumption,
): AsyncGenerator<Item, void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  let after: string | undefined;
  let failures = 0;
  try {
    while (!ending.signal.aborted) {
      const interruption = yield* uninterrupted(open(after, ending.signal), item => {
        failures = 0;
        after = cursorOf(item) ?? after;
      });
      if (!interruption || ending.signal.aborted) return;
      if (!interruption.isPassing) throw interruption;
      failures += 1;
      onProblem?.(interruption);
      await pause(pauseMs(failures, interruption.more.retryAfterMs), ending.signal);
    }
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

/** The items until they end (undefined) or are interrupted. */
async function* uninterrupted<Item>(
  items: AsyncIterable<Item>,
  seen: (item: Item) => void,
): AsyncGenerator<Item, RunledgerError | undefined> {
  try {
    for await (const item of items) {
      seen(item);
      yield item;
    }
    return undefined;
  } catch (error) {
    if (error instanceof RunledgerError) return error;
    throw error;
  }
}

function cursorOf(item: Cursored): string | undefined {
  const [value] = Object.values(item);
  const { cursor } = (value ?? {}) as { readonly cursor?: unknown };
  return typeof cursor === 'string' ? cursor : undefined;
}
