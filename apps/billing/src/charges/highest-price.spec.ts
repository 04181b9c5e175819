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
