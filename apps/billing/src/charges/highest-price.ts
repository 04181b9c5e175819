import type { PlannedUse, RateCard } from '@runledger/contracts';
import { entriesFor, freeOf, price } from './price.js';

/**
 * The most that something can cost that is about to be used, in micro-units, rounded up; null: nobody knows. A prompt may be
 * read anew, from a cache or into one, and be of any tier that it can reach; output may be reasoning. The price of a cache that
 * keeps a prompt for an hour counts where it is asked for.
 */
export function highestPrice(use: PlannedUse, card: RateCard | undefined): number | null {
  if (!card) return null;
  if (use.kind === 'compute') return price(use, card).amountMicroUnits;
  if (freeOf(use, card)) return 0;
  if (use.unbounded !== undefined) return null;
  const entries = entriesFor(use, card).filter(({ upToPromptTokens }, _at, all) =>
    reaches(use.inputTokens, upToPromptTokens, all),
  );
  // A prompt of its full size must have a price; a shorter one then has that of its tier.
  if (!entries.some(({ upToPromptTokens }) => use.inputTokens <= (upToPromptTokens ?? Infinity))) return null;
  const amounts = entries.map(
    ({ perMillionTokens: { input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning } }) => {
      const forAnHour = use.keepsForAnHour ? (cacheWrite1h ?? 0) : 0;
      const read = BigInt(Math.max(input, cacheRead ?? 0, cacheWrite ?? 0, forAnHour));
      const written = BigInt(Math.max(output, reasoning ?? 0));
      return BigInt(use.inputTokens) * read + BigInt(use.maxOutputTokens) * written;
    },
  );
  const most = amounts.reduce((highest, amount) => (amount > highest ? amount : highest), 0n);
  const rounded = (most + 999_999n) / 1_000_000n;
  return rounded > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(rounded);
}

type Entry = RateCard['models'][number];

/** The tier that a prompt of this size falls into, and those below it. */
function reaches(tokens: number, upTo: number | undefined, all: readonly Entry[]): boolean {
  return !all.some(
    ({ upToPromptTokens }) =>
      tokens <= (upToPromptTokens ?? Infinity) && (upToPromptTokens ?? Infinity) < (upTo ?? Infinity),
  );
}
