import type { PlannedUse, Usage } from '@runledger/contracts';
import { highestPrice } from '../charges/highest-price.js';
import { cardCalculator, type Calculator, type PricingRequest } from './calculator.js';

const NONE = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
};
const READ = ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const;
const WRITTEN = ['outputTokens', 'reasoningTokens'] as const;

/**
 * The most that something can cost that is about to be used; null: nobody knows. A program of one's own is asked for each way in
 * which the prompt may be read and the output written, and the dearest counts: its prices must not fall when more is used.
 */
export async function highestOf(
  calculator: Calculator,
  use: PlannedUse,
  request: Omit<PricingRequest, 'usages'>,
): Promise<number | null> {
  if (calculator === cardCalculator) return highestPrice(use, request.card);
  const prices = await calculator.price({ ...request, usages: waysOf(use) });
  const amounts = prices.map(({ amountMicroUnits }) => amountMicroUnits);
  const most = amounts.reduce<number | null>(
    (highest, one) => (highest === null || one === null ? null : Math.max(highest, one)),
    0,
  );
  const isUnbounded = use.kind === 'model' && use.unbounded !== undefined;
  return isUnbounded && most !== 0 ? null : most;
}

function waysOf(use: PlannedUse): Usage[] {
  if (use.kind === 'compute') return [use];
  const { provider, model, inputTokens, maxOutputTokens, keepsForAnHour } = use;
  const ways = keepsForAnHour ? [...READ, 'cacheWrite1hTokens' as const] : READ;
  return ways.flatMap(read =>
    WRITTEN.map(written => ({
      ...{ kind: 'model' as const, provider, model, ...NONE },
      ...{ [read]: inputTokens, [written]: maxOutputTokens },
    })),
  );
}
