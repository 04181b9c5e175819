import type { OutputOf, PriceUsage } from '@runledger/contracts';
import { money, type Money } from '../graph/money.js';
import type { Expectation, ExpectedUsage } from './expected-usage.js';

type Prices = OutputOf<typeof PriceUsage>;

/** What a run will probably cost. A null amount is not zero: it is unpriced, or nobody can tell. */
export function estimateNode({ expected, unknown }: Expectation, runs: number, { prices, currency }: Prices) {
  const lines = [
    ...expected.map((line, index) => pricedLine(line, prices[index] ?? { amountMicroUnits: null }, currency)),
    ...unknownLines(unknown),
  ];
  const priced = prices.flatMap(({ amountMicroUnits }) => (amountMicroUnits === null ? [] : [amountMicroUnits]));
  const sum = priced.reduce((total, amount) => total + BigInt(amount), 0n);
  return {
    total: priced.length === 0 ? null : money(sum.toString(), currency),
    unpriced: priced.length < prices.length,
    complete: unknown.length === 0 && priced.length === prices.length,
    runs,
    lines,
  };
}

interface EstimateLine {
  readonly provider: string | null;
  readonly model: string | null;
  readonly resourceClass: string | null;
  readonly steps: readonly string[];
  readonly basis: 'HISTORY' | 'UNKNOWN';
  readonly cost: Money | null;
  readonly unpriced: boolean;
  readonly tokens: number | null;
  readonly milliseconds: number | null;
  readonly note: string | null;
}

function pricedLine(
  { usage, steps }: ExpectedUsage,
  { amountMicroUnits, note }: Prices['prices'][number],
  currency: string,
): EstimateLine {
  const isModel = usage.kind === 'model';
  return {
    provider: isModel ? usage.provider : null,
    model: isModel ? usage.model : null,
    resourceClass: isModel ? null : usage.resourceClass,
    steps,
    basis: 'HISTORY',
    cost: amountMicroUnits === null ? null : money(String(amountMicroUnits), currency),
    unpriced: amountMicroUnits === null,
    tokens: isModel ? tokensOf(usage) : null,
    milliseconds: isModel ? null : usage.milliseconds,
    note: note ?? null,
  };
}

function tokensOf(usage: Extract<ExpectedUsage['usage'], { kind: 'model' }>): number {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens } = usage;
  return inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens + cacheWrite1hTokens + reasoningTokens;
}

/** One line for each model that steps without a history name. */
function unknownLines(steps: Expectation['unknown']): EstimateLine[] {
  const byModel = new Map<string, EstimateLine>();
  for (const { key, provider = null, model = null } of steps) {
    const name = `${provider ?? ''} ${model ?? ''}`;
    const line = byModel.get(name);
    byModel.set(name, {
      ...{ provider, model, resourceClass: null, basis: 'UNKNOWN', cost: null, unpriced: false },
      ...{ tokens: null, milliseconds: null, note: 'No completed run of this flow has done these steps yet.' },
      steps: [...(line?.steps ?? []), key],
    });
  }
  return [...byModel.values()];
}
