import { RunledgerError } from './client-error.js';
import { pause, pauseMs } from './pause.js';

/** The result of a subscription: one field, whose value says where to go on behind it. */
export type Cursored = { readonly [field: string]: unknown };

/** What a caller gets of it: that it lagged is made up for, and that its cursor has expired is thrown. */
export type Delivered<Result> = {
  readonly [Field in keyof Result]: Exclude<Result[Field], { readonly __typename: 'CursorExpired' | 'Lagged' }>;
};

interface Resumption {
  readonly signal: AbortSignal | undefined;
  readonly onProblem: ((problem: RunledgerError) => void) | undefined;
}

/** Goes on behind the last item that was handed out, for as long as what interrupts passes by itself (G1). */
export async function* resumed<Item extends Cursored>(
  open: (after: string | undefined, ending: AbortSignal) => AsyncIterable<Item>,
  { signal, onProblem }: Resumption,
): AsyncGenerator<Delivered<Item>, void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  let after: string | undefined;
  let failures = 0;
  try {
    while (!ending.signal.aborted) {
      const interruption = yield* uninterrupted(open(after, ending.signal), cursor => {
        failures = 0;
        after = cursor ?? after;
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
async function* uninterrupted<Item extends Cursored>(
  items: AsyncIterable<Item>,
  seen: (cursor: string | undefined) => void,
): AsyncGenerator<Delivered<Item>, RunledgerError | undefined> {
  try {
    for await (const item of items) {
      const word = wordOf(item);
      // It says no more than the item before it did, unless there was none.
      if (word.__typename === 'Lagged') seen(word.resumeFrom);
      const interruption = interruptionIn(word);
      if (interruption) return interruption;
      seen(word.cursor);
      yield item as Delivered<Item>;
    }
    return undefined;
  } catch (error) {
    if (error instanceof RunledgerError) return error;
    throw error;
  }
}

interface Word {
  readonly __typename?: string;
  readonly cursor?: string;
  readonly resumeFrom?: string;
  readonly oldest?: string;
  readonly reason?: string;
  readonly message?: string;
}

function wordOf(item: Cursored): Word {
  const [value] = Object.values(item);
  return value ?? {};
}

/** What a subscription says last, beside its items. */
function interruptionIn(word: Word): RunledgerError | undefined {
  switch (word.__typename) {
    case 'Lagged':
      return new RunledgerError(
        'LAGGED',
        'What the platform sent was not read in time; it goes on behind the last item.',
      );
    case 'CursorExpired': {
      const { message = 'The cursor does not count any more.', oldest, reason } = word;
      return new RunledgerError('CURSOR_EXPIRED', message, { oldest, reason, fix: 'Begin again without a cursor.' });
    }
    default:
      return Object.keys(word).length > 0 ? undefined : unselected();
  }
}

/** Something came of which the document asks for nothing: taken for an item, it would be lost. */
function unselected(): RunledgerError {
  return new RunledgerError(
    'UNSELECTED_ITEM',
    'The subscription sent something that its document selects nothing of.',
    {
      fix: 'Select `__typename`, `... on CursorExpired { oldest reason message }` and `... on Lagged { resumeFrom }` as well.',
    },
  );
}
