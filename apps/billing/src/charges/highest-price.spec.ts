import type { RateCard } from '@runledger/contracts';
import fc from 'fast-check';
import { defaultCardAt } from '../rate-cards/default-rate-card.js';
import { highestPrice } from './highest-price.js';
import { price } from './price.js';

const card = defaultCardAt('2026-11-21T00:00:00.000Z');
const model = (provider: string, name: string, inputTokens: number, maxOutputTokens: number) =>
  ({ kind: 'model', provider, model: name, inputTokens, maxOutputTokens }) as const;

describe('the most that a call can cost', () => {
  it('takes the dearest way to read the prompt and the whole output', () => {
    // 1 M read into the cache at $5, 0.1 M output at $20
    expect(highestPrice(model('anthropic', 'claude-opus-5-5', 1_000_000, 100_000), card)).toBe(7_000_000);
  });

  it('is zero for what is free on purpose, and unknown for what has no price', () => {
    expect(highestPrice(model('scripted', 'any', 9, 9), card)).toBe(0);
    expect(highestPrice(model('anthropic', 'unheard-of', 9, 9), card)).toBeNull();
    expect(highestPrice(model('scripted', 'any', 9, 9), undefined)).toBeNull();
  });

  it('counts a cache that is kept for an hour where it is asked for, and is unknown where nothing bounds the call', () => {
    const use = model('anthropic', 'claude-opus-5-5', 1_000_000, 0);
    expect(highestPrice(use, card)).toBe(5_000_000);
    expect(highestPrice({ ...use, keepsForAnHour: true }, card)).toBe(8_000_000);
    expect(highestPrice({ ...use, unbounded: 'The vendor runs a tool itself' }, card)).toBeNull();
    expect(highestPrice({ ...model('scripted', 'any', 9, 9), unbounded: 'x' }, card)).toBe(0);
  });

  it('is unknown when the prompt may be larger than any that has a price', () => {
    const tiers: RateCard = {
      ...card,
      models: [{ provider: 'p', model: 'm', upToPromptTokens: 100, perMillionTokens: { input: 1, output: 1 } }],
    };
    expect(highestPrice(model('p', 'm', 101, 1), tiers)).toBeNull();
    expect(highestPrice(model('p', 'm', 100, 1), tiers)).toBe(1);
  });

  it('takes the dearest price of the tier that the prompt falls into and of those below it, and of none above', () => {
    const tier = (upToPromptTokens: number, input: number, more: { cacheRead?: number; reasoning?: number } = {}) => ({
      ...{ provider: 'p', model: 'm', upToPromptTokens },
      perMillionTokens: { input, output: 0, ...more },
    });
    const tiers: RateCard = { ...card, models: [tier(300, 9_000_000), tier(200, 3_000_000), tier(100, 5_000_000)] };
    expect(highestPrice(model('p', 'm', 100, 0), tiers)).toBe(500);
    expect(highestPrice(model('p', 'm', 101, 0), tiers)).toBe(505);
    expect(highestPrice(model('p', 'm', 200, 0), tiers)).toBe(1_000);
    expect(highestPrice(model('p', 'm', 201, 0), tiers)).toBe(1_809);
  });

  it('takes a cached prompt and reasoning for what the call may be where they are dearer', () => {
    const dear: RateCard = {
      ...card,
      models: [
        {
          provider: 'p',
          model: 'm',
          perMillionTokens: { input: 1, output: 2, cacheRead: 3_000_000, reasoning: 7_000_000 },
        },
      ],
    };
    expect(highestPrice(model('p', 'm', 10, 0), dear)).toBe(30);
    expect(highestPrice(model('p', 'm', 0, 10), dear)).toBe(70);
  });

  it('of compute is what it costs, and unknown where the amount cannot be written down exactly', () => {
    const compute: RateCard = { ...card, compute: [{ resourceClass: 'gpu', perHour: 3_600_000 }] };
    expect(highestPrice({ kind: 'compute', resourceClass: 'gpu', milliseconds: 5 }, compute)).toBe(5);
    const dear: RateCard = {
      ...card,
      models: [{ provider: 'p', model: 'm', perMillionTokens: { input: 1_000_000_000_000, output: 0 } }],
    };
    expect(highestPrice(model('p', 'm', 9_007_199_254, 0), dear)).toBe(9_007_199_254_000_000);
    expect(highestPrice(model('p', 'm', 9_007_199_255, 0), dear)).toBeNull();
  });

  it('is never less than what the call then costs, whatever it reads, caches and writes', () => {
    const models = card.models.map(({ provider, model: name }) => ({ provider, name }));
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 0, max: 1_000 }),
        ({ provider, name }, [input = 0, read = 0, written = 0, output = 0, reasoning = 0], spare) => {
          const bound = highestPrice(model(provider, name, input + read + written + spare, output + reasoning), card);
          const cost = price(
            {
              kind: 'model',
              provider,
              model: name,
              inputTokens: input,
              cacheReadTokens: read,
              cacheWriteTokens: written,
              cacheWrite1hTokens: 0,
              outputTokens: output,
              reasoningTokens: reasoning,
            },
            card,
          ).amountMicroUnits;
          if (bound !== null && cost !== null) expect(cost).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 500 },
    );
  });
});
