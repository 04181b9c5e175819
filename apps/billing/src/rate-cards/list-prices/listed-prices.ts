import type { RateCard } from '@runledger/contracts';
import { microUnitsOf } from './exact-amount.js';

type PerMillionTokens = RateCard['models'][number]['perMillionTokens'];
type Bucket = keyof PerMillionTokens;

/** As the price list writes it: a number of dollars, or one that depends on how long the prompt is. */
export type ListedAmount = number | { readonly base: number; readonly tiers: readonly ListedTier[] };

interface ListedTier {
  /** The price holds for prompts of more tokens than this, for the whole call. */
  readonly start: number;
  readonly price: number;
}

/** Amounts by unit, such as `input_mtok`. */
export type ListedPrices = Readonly<Record<string, ListedAmount | undefined>>;

/** The prices of one size of prompt. */
export type Entry = Pick<RateCard['models'][number], 'upToPromptTokens' | 'perMillionTokens'>;

/** The units of the list that usage is recorded in. What is not here is reported, and priced nowhere. */
const UNITS: Readonly<Record<string, Bucket>> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_write_mtok: 'cacheWrite',
  cache_write_1h_mtok: 'cacheWrite1h',
  output_reasoning_mtok: 'reasoning',
};

/** `units`: what the list prices and nobody records here. `problem`: why there are no entries. */
export interface ReadPrices {
  readonly entries: readonly Entry[];
  readonly units: readonly string[];
  readonly problem?: string;
}

/**
 * One entry for each size of prompt. The list's numbers are what JSON has read from decimal text, so writing them down again gives
 * that text back: amounts are taken from the digits, and no fraction is ever calculated with.
 */
export function entriesOf(listed: ListedPrices): ReadPrices {
  const named = Object.entries(listed).flatMap(([unit, amount]) =>
    amount === undefined ? [] : [[unit, amount] as const],
  );
  const units = named.map(([unit]) => unit).filter(unit => !Object.hasOwn(UNITS, unit));
  const amounts = named.flatMap(([unit, amount]) => {
    const bucket = UNITS[unit];
    return bucket === undefined ? [] : [[bucket, amount] as const];
  });
  const starts = [...new Set(amounts.flatMap(([, amount]) => (typeof amount === 'number' ? [] : startsOf(amount))))];
  const sizes = [...starts.sort((a, b) => a - b), undefined];
  const entries: Entry[] = [];
  for (const upTo of sizes) {
    const prices = new Map(amounts.map(([bucket, amount]) => [bucket, microUnitsOf(String(amountAt(amount, upTo)))]));
    const inexact = [...prices].find(([, price]) => price === undefined)?.[0];
    if (inexact !== undefined)
      return { entries: [], units, problem: `its price of ${inexact} is finer than a millionth` };
    const perMillionTokens = asBuckets(prices);
    if (!perMillionTokens) return { entries: [], units, problem: 'it has no price of input and output in text' };
    entries.push({ ...(upTo === undefined ? {} : { upToPromptTokens: upTo }), perMillionTokens });
  }
  return { entries, units };
}

function startsOf({ tiers }: Exclude<ListedAmount, number>): number[] {
  return tiers.map(({ start }) => start);
}

/** What a prompt of this many tokens costs; undefined: one longer than any that is named. */
function amountAt(amount: ListedAmount, promptTokens = Infinity): number {
  if (typeof amount === 'number') return amount;
  const reached = amount.tiers.filter(({ start }) => promptTokens > start).sort((a, b) => b.start - a.start);
  return reached[0]?.price ?? amount.base;
}

/** Reasoning is billed as output, where nothing else is said. */
function asBuckets(prices: ReadonlyMap<Bucket, number | undefined>): PerMillionTokens | undefined {
  const [input, output] = [prices.get('input'), prices.get('output')];
  if (input === undefined || output === undefined) return undefined;
  const others = [...prices].flatMap(([bucket, price]) => (price === undefined ? [] : [[bucket, price] as const]));
  return { reasoning: output, ...Object.fromEntries(others), input, output };
}
