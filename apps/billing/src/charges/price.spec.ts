import type { RateCard, Usage } from '@runledger/contracts';
import fc from 'fast-check';
import { isUntold, price } from './price.js';

const card: RateCard = {
  currency: 'USD',
  models: [
    {
      provider: 'anthropic',
      model: 'claude-opus-5-5',
      perMillionTokens: {
        input: 4_000_000,
        output: 20_000_000,
        cacheRead: 200_000,
        cacheWrite: 5_000_000,
        cacheWrite1h: 8_000_000,
        reasoning: 20_000_000,
      },
    },
    { provider: 'p', model: 'plain', perMillionTokens: { input: 1, output: 3 } },
    { provider: 'p', model: 'tiered', upToPromptTokens: 1_000, perMillionTokens: { input: 1_000_000, output: 0 } },
    {
      provider: 'p',
      model: 'tiered',
      upToPromptTokens: 5_000,
      perMillionTokens: { input: 2_000_000, output: 0, cacheRead: 2_000_000 },
    },
    { provider: 'p', model: 'dated', perMillionTokens: { input: 1_000_000, output: 1_000_000 } },
    { provider: 'p', model: 'dated-20260301', perMillionTokens: { input: 5_000_000, output: 5_000_000 } },
  ],
  compute: [{ resourceClass: 'standard', perHour: 90_000 }],
  free: [
    { provider: 'scripted', reason: 'a written conversation calls no model' },
    { provider: 'openai-compatible', model: 'llama4', reason: 'our own server' },
  ],
};

type ModelUsage = Extract<Usage, { kind: 'model' }>;
const none = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
};
const used = (provider: string, model: string, tokens: Partial<typeof none>): ModelUsage => ({
  kind: 'model',
  provider,
  model,
  ...none,
  ...tokens,
});

describe('the price of a model call', () => {
  it('is the sum of its disjoint buckets', () => {
    const usage = used('anthropic', 'claude-opus-5-5', {
      inputTokens: 1_000,
      outputTokens: 500,
      cacheReadTokens: 20_000,
      cacheWriteTokens: 4_000,
      cacheWrite1hTokens: 1_000,
      reasoningTokens: 250,
    });
    // 4,000 + 10,000 + 4,000 + 20,000 + 8,000 + 5,000 micro-dollars
    expect(price(usage, card)).toEqual({ amountMicroUnits: 51_000 });
  });

  it('is unknown, and not zero, when the provider did not say of a single token', () => {
    expect(price(used('p', 'plain', {}), card)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: p did not say how many tokens the call of plain used',
    });
    expect(price(used('scripted', 'any', {}), card).amountMicroUnits).toBe(0);
  });

  it('is known of whatever is told, in equal numbers too', () => {
    for (const usage of [
      used('p', 'plain', { inputTokens: 5, outputTokens: 5 }),
      used('anthropic', 'claude-opus-5-5', { inputTokens: 5, cacheReadTokens: 5 }),
      used('anthropic', 'claude-opus-5-5', { inputTokens: 5, cacheWriteTokens: 5 }),
      used('anthropic', 'claude-opus-5-5', { outputTokens: 5, cacheWrite1hTokens: 5 }),
      used('anthropic', 'claude-opus-5-5', { outputTokens: 5, reasoningTokens: 5 }),
    ]) {
      expect(isUntold(usage)).toBe(false);
    }
    expect(isUntold({ kind: 'compute', resourceClass: 'standard', milliseconds: 0 })).toBe(false);
  });

  it('is rounded once per charge, half up', () => {
    expect(price(used('p', 'plain', { inputTokens: 499_999 }), card).amountMicroUnits).toBe(0);
    expect(price(used('p', 'plain', { inputTokens: 500_000 }), card).amountMicroUnits).toBe(1);
    // 0.2 + 0.3 is half a micro-unit: each alone would have been rounded away
    expect(price(used('p', 'plain', { inputTokens: 200_000, outputTokens: 100_000 }), card).amountMicroUnits).toBe(1);
  });

  it('is unknown, not zero, when the model has no price', () => {
    expect(price(used('p', 'unheard-of', { inputTokens: 1 }), card)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: no price for p unheard-of with a prompt of this size',
    });
  });

  it('is unknown as a whole when one used bucket has no price', () => {
    expect(price(used('p', 'plain', { inputTokens: 10, cacheReadTokens: 1 }), card)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: no cache read price for p plain',
    });
    expect(price(used('p', 'plain', { cacheWrite1hTokens: 1 }), card)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: no 1-hour cache write price for p plain',
    });
  });

  it('does not need prices for buckets that were not used', () => {
    expect(price(used('p', 'plain', { inputTokens: 1_000_000 }), card)).toEqual({ amountMicroUnits: 1 });
  });

  it('is zero on purpose for free providers and models, and says why', () => {
    const tokens = { inputTokens: 5_000, outputTokens: 9 };
    expect(price(used('scripted', 'anything', tokens), card)).toEqual({
      amountMicroUnits: 0,
      note: 'free: a written conversation calls no model',
    });
    expect(price(used('openai-compatible', 'llama4', tokens), card).amountMicroUnits).toBe(0);
    expect(price(used('openai-compatible', 'gpt-unknown', tokens), card).amountMicroUnits).toBeNull();
  });

  it('follows the tier that the whole prompt falls into, cached parts included', () => {
    expect(price(used('p', 'tiered', { inputTokens: 1_000 }), card).amountMicroUnits).toBe(1_000);
    expect(price(used('p', 'tiered', { inputTokens: 1_001 }), card).amountMicroUnits).toBe(2_002);
    expect(price(used('p', 'tiered', { inputTokens: 900, cacheReadTokens: 101 }), card).amountMicroUnits).toBe(2_002);
    expect(price(used('p', 'tiered', { inputTokens: 5_001 }), card).amountMicroUnits).toBeNull();
  });

  it('counts what is written into a cache to the size of a prompt, and takes the smallest tier that it fits into', () => {
    const tier = (input: number, upToPromptTokens?: number) => ({
      ...{ provider: 'p', model: 'm', ...(upToPromptTokens && { upToPromptTokens }) },
      perMillionTokens: { input, output: 0, cacheWrite: input, cacheWrite1h: input },
    });
    // Whatever order the card has them in; the one without a bound is the last.
    const tiers: RateCard = { ...card, models: [tier(9_000_000), tier(3_000_000, 200), tier(1_000_000, 100)] };
    const amount = (tokens: Partial<typeof none>) => price(used('p', 'm', tokens), tiers).amountMicroUnits;
    expect(amount({ inputTokens: 100 })).toBe(100);
    expect(amount({ inputTokens: 100, cacheWriteTokens: 1 })).toBe(303);
    expect(amount({ inputTokens: 100, cacheWrite1hTokens: 101 })).toBe(1_809);
    expect(amount({ cacheWriteTokens: 60, cacheWrite1hTokens: 60 })).toBe(360);
  });

  it('is that of the provider that was called, also where another has a model of that name', () => {
    const other = { ...card.models[1]!, provider: 'q', perMillionTokens: { input: 7_000_000, output: 0 } };
    const both: RateCard = { ...card, models: [other, ...card.models] };
    expect(price(used('p', 'plain', { inputTokens: 1_000_000 }), both).amountMicroUnits).toBe(1);
  });

  it('of a dated snapshot is that of its model, unless the card names the snapshot', () => {
    const one = { inputTokens: 1 };
    expect(price(used('p', 'dated-20260715', one), card).amountMicroUnits).toBe(1);
    expect(price(used('p', 'dated-2026-07-15', one), card).amountMicroUnits).toBe(1);
    expect(price(used('p', 'dated-20260301', one), card).amountMicroUnits).toBe(5);
    expect(price(used('p', 'dated-mini', one), card).amountMicroUnits).toBeNull();
  });

  it('is left open rather than written down inexactly', () => {
    const dear: RateCard = {
      ...card,
      models: [{ provider: 'p', model: 'm', perMillionTokens: { input: 1_000_000_000_000, output: 0 } }],
    };
    expect(price(used('p', 'm', { inputTokens: Number.MAX_SAFE_INTEGER }), dear)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: the amount is too large to be written down exactly',
    });
  });
});

describe('the price of compute', () => {
  it('is by the millisecond, by resource class', () => {
    expect(price({ kind: 'compute', resourceClass: 'standard', milliseconds: 60_000 }, card)).toEqual({
      amountMicroUnits: 1_500,
    });
    expect(price({ kind: 'compute', resourceClass: 'standard', milliseconds: 20 }, card).amountMicroUnits).toBe(1);
    expect(price({ kind: 'compute', resourceClass: 'standard', milliseconds: 19 }, card).amountMicroUnits).toBe(0);
  });

  it('is unknown for a class without a price', () => {
    expect(price({ kind: 'compute', resourceClass: 'gpu', milliseconds: 1 }, card)).toEqual({
      amountMicroUnits: null,
      note: 'unpriced: no price for resource class gpu',
    });
  });
});

describe('for any usage and any prices', () => {
  const tokens = fc.record({
    inputTokens: fc.nat(10_000_000),
    outputTokens: fc.nat(10_000_000),
    cacheReadTokens: fc.nat(10_000_000),
    cacheWriteTokens: fc.nat(10_000_000),
    cacheWrite1hTokens: fc.nat(10_000_000),
    reasoningTokens: fc.nat(10_000_000),
  });
  const anyPrice = fc.nat(1_000_000_000);
  const prices = fc.record({
    input: anyPrice,
    output: anyPrice,
    cacheRead: anyPrice,
    cacheWrite: anyPrice,
    cacheWrite1h: anyPrice,
    reasoning: anyPrice,
  });
  const priced = (perMillionTokens: RateCard['models'][number]['perMillionTokens']): RateCard => ({
    ...card,
    models: [{ provider: 'p', model: 'm', perMillionTokens }],
  });
  const amountOf = (tokenCounts: Partial<typeof none>, rates: RateCard): number => {
    if (Object.values(tokenCounts).every(count => count === 0)) return 0;
    const { amountMicroUnits } = price(used('p', 'm', tokenCounts), rates);
    if (amountMicroUnits === null) throw new Error('should have been priced');
    return amountMicroUnits;
  };

  it('the amount is an integer, and never negative', () => {
    fc.assert(
      fc.property(tokens, prices, (counts, perMillion) => {
        const amount = amountOf(counts, priced(perMillion));
        expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true);
      }),
    );
  });

  it('the whole is the exact sum of its parts, half a micro-unit of rounding apart at most', () => {
    fc.assert(
      fc.property(tokens, prices, (counts, perMillion) => {
        const exactMillionths =
          BigInt(counts.inputTokens) * BigInt(perMillion.input) +
          BigInt(counts.outputTokens) * BigInt(perMillion.output) +
          BigInt(counts.cacheReadTokens) * BigInt(perMillion.cacheRead) +
          BigInt(counts.cacheWriteTokens) * BigInt(perMillion.cacheWrite) +
          BigInt(counts.cacheWrite1hTokens) * BigInt(perMillion.cacheWrite1h) +
          BigInt(counts.reasoningTokens) * BigInt(perMillion.reasoning);
        const difference = BigInt(amountOf(counts, priced(perMillion))) * 1_000_000n - exactMillionths;
        expect(difference > -500_000n && difference <= 500_000n).toBe(true);
      }),
    );
  });

  it('parts that need no rounding add up to the whole to the last micro-unit', () => {
    fc.assert(
      fc.property(tokens, prices, (counts, perMillion) => {
        const whole = Object.fromEntries(
          Object.entries(perMillion).map(([name, amount]) => [name, amount * 1_000_000]),
        );
        const rates = priced(whole as typeof perMillion);
        const small = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count % 1_000]));
        const parts = Object.entries(small).map(([bucket, count]) => amountOf({ [bucket]: count }, rates));
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amountOf(small, rates));
      }),
    );
  });

  it('more tokens never cost less', () => {
    const bucket = fc.constantFrom(...(Object.keys(none) as (keyof typeof none)[]));
    fc.assert(
      fc.property(tokens, prices, bucket, fc.nat(1_000_000), (counts, perMillion, more, extra) => {
        const rates = priced(perMillion);
        const grown = { ...counts, [more]: counts[more] + extra };
        expect(amountOf(grown, rates)).toBeGreaterThanOrEqual(amountOf(counts, rates));
      }),
    );
  });

  it('compute for longer never costs less', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), (milliseconds, more, perHour) => {
        const rates = { ...card, compute: [{ resourceClass: 'c', perHour }] };
        const cost = (ms: number) =>
          price({ kind: 'compute', resourceClass: 'c', milliseconds: ms }, rates).amountMicroUnits ?? -1;
        expect(cost(milliseconds + more)).toBeGreaterThanOrEqual(cost(milliseconds));
      }),
    );
  });
});
