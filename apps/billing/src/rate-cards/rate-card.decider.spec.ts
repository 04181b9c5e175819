import { RateCardPublished } from '@runledger/contracts';
import type { RateCard } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { price } from '../charges/price.js';
import { defaultCardAt, defaultCardsFrom, shippedPrices } from './default-rate-card.js';
import { versionInForce } from './rate-card-versions.js';
import { rateCards } from './rate-card.decider.js';

const ada = { kind: 'member', id: 'mem_ada' } as const;
const card: RateCard = {
  currency: 'USD',
  models: [{ provider: 'p', model: 'm', perMillionTokens: { input: 10, output: 20 } }],
  compute: [{ resourceClass: 'standard', perHour: 100 }],
  free: [{ provider: 'scripted', reason: 'no model is called' }],
};
const cheaper: RateCard = {
  ...card,
  models: [{ provider: 'p', model: 'm', perMillionTokens: { input: 5, output: 9 } }],
};
const publication = (of: RateCard, effectiveFrom: string) => ({
  card: of,
  effectiveFrom,
  publishedBy: ada,
  publishedAt: '2026-11-21T10:00:00.000Z',
});
const JANUARY = '2026-01-01T00:00:00.000Z';
const MARCH = '2026-03-01T00:00:00.000Z';
const published = (version: number, of: RateCard, from: string) =>
  RateCardPublished({ ...publication(of, from), version });
const publish = (of: RateCard, from = MARCH) => ({ type: 'PublishRateCard', data: publication(of, from) }) as const;
const LIST = 'a price list 1.0';
const OCTOBER = '2026-10-01T00:00:00.000Z';
const NOW = '2026-11-21T10:00:00.000Z';
const DECEMBER = '2026-12-01T00:00:00.000Z';
const seeded = (version: number, of: RateCard, from: string) =>
  RateCardPublished({ ...publication(of, from), version, source: LIST });
const seed = (...later: readonly { effectiveFrom: string; card: RateCard }[]) =>
  ({
    type: 'SeedRateCard',
    data: { source: LIST, cards: [{ effectiveFrom: JANUARY, card }, ...later], publishedBy: ada, publishedAt: NOW },
  }) as const;
const given = specify(rateCards);

describe('rate cards', () => {
  it('count their versions from 1, and old ones stay', () => {
    given()
      .when(publish(card))
      .thenEmits(published(1, card, MARCH));
    given(published(1, card, JANUARY))
      .when(publish(cheaper))
      .thenEmits(published(2, cheaper, MARCH));
  });

  it('are not published twice for one date', () => {
    given(published(1, card, MARCH))
      .when(publish(card))
      .thenNothing();
    given(published(1, card, MARCH), published(2, cheaper, MARCH))
      .when(publish(card))
      .thenNothing();
    given(published(1, card, JANUARY))
      .when(publish(card))
      .thenEmits(published(2, card, MARCH));
  });

  it('are published as its own by a workspace also where they say what a price list says', () => {
    given(seeded(1, card, MARCH))
      .when(publish(card))
      .thenEmits(published(2, card, MARCH));
    given(published(1, card, MARCH))
      .when(publish(cheaper))
      .thenEmits(published(2, cheaper, MARCH));
  });

  it('come with a workspace: the prices of now, and what the list knows of later', () => {
    given()
      .when(seed({ effectiveFrom: DECEMBER, card: cheaper }))
      .thenEmits(seeded(1, card, JANUARY), seeded(2, cheaper, DECEMBER));
    given(seeded(1, card, JANUARY), seeded(2, cheaper, DECEMBER))
      .when(seed({ effectiveFrom: DECEMBER, card: cheaper }))
      .thenNothing();
  });

  it('are moved forwards by a newer list, and what held until now stays', () => {
    given(seeded(1, cheaper, JANUARY))
      .when(seed())
      .thenEmits(seeded(2, card, NOW));
    given(seeded(1, cheaper, JANUARY))
      .when(seed({ effectiveFrom: OCTOBER, card: cheaper }))
      .thenNothing();
    // The list before said that prices would fall in December, this one does not any more.
    given(seeded(1, card, JANUARY), seeded(2, cheaper, DECEMBER))
      .when(seed())
      .thenEmits(seeded(3, card, DECEMBER));
  });

  it('are left alone by every list once the workspace has published its own', () => {
    given(published(1, cheaper, MARCH))
      .when(seed())
      .thenNothing();
    given(seeded(1, cheaper, JANUARY), published(2, cheaper, MARCH))
      .when(seed({ effectiveFrom: DECEMBER, card }))
      .thenNothing();
  });

  it.each<[string, Partial<RateCard>]>([
    ['prices one model twice', { models: [...card.models, ...card.models] }],
    ['prices one resource class twice', { compute: [...card.compute, ...card.compute] }],
    ['calls something free that it prices', { free: [{ provider: 'p', reason: 'ours' }] }],
    ['calls a model free that it prices', { free: [{ provider: 'p', model: 'm', reason: 'ours' }] }],
    ['is in no currency', { currency: 'usd' }],
    ['has a price beyond reason', { compute: [{ resourceClass: 'standard', perHour: 1_000_000_000_001 }] }],
  ])('are refused when a card %s', (_what, wrong) => {
    given()
      .when(publish({ ...card, ...wrong }))
      .thenRejects('INVALID_RATE_CARD');
  });

  it('stay in one currency, because sums over two mean nothing', () => {
    given(published(1, card, JANUARY))
      .when(publish({ ...card, currency: 'EUR' }))
      .thenRejects('INVALID_RATE_CARD');
  });

  it('may price one model by the size of its prompt, and call another model of its provider free', () => {
    const [first] = card.models;
    const tiered = {
      ...card,
      models: [{ ...first!, upToPromptTokens: 100 }, ...card.models],
      free: [{ provider: 'p', model: 'other', reason: 'ours' }],
    };
    given()
      .when(publish(tiered))
      .thenEmits(published(1, tiered, MARCH));
  });

  it('may price models of one name at two providers, up to the highest price that is no slip of the pen', () => {
    const [first] = card.models;
    const highest = { input: 1_000_000_000_000, output: 0 };
    const dear = { ...card, models: [...card.models, { ...first!, provider: 'q', perMillionTokens: highest }] };
    given()
      .when(publish(dear))
      .thenEmits(published(1, dear, MARCH));
    const absurd = { ...first!, provider: 'q', perMillionTokens: { ...highest, input: highest.input + 1 } };
    given()
      .when(publish({ ...card, models: [absurd] }))
      .thenRejects('INVALID_RATE_CARD');
  });
});

describe('the card in force', () => {
  const state = [published(1, card, MARCH), published(2, cheaper, JANUARY), published(3, cheaper, MARCH)].reduce(
    (folded, event) => rateCards.evolve(folded, event),
    rateCards.initialState(),
  );

  it('is the latest that was in effect at the time of use; of two for one date, the newer', () => {
    expect(versionInForce(state, '2026-02-28T23:59:59.999Z')?.version).toBe(2);
    expect(versionInForce(state, MARCH)?.version).toBe(3);
    expect(versionInForce(state, '2026-11-21T00:00:00.000Z')?.version).toBe(3);
  });

  it('is the own one of the workspace from its date on, also when a list knew of later prices', () => {
    const mixed = [seeded(1, card, JANUARY), seeded(2, card, DECEMBER), published(3, cheaper, MARCH)].reduce(
      (folded, event) => rateCards.evolve(folded, event),
      rateCards.initialState(),
    );
    expect(versionInForce(mixed, JANUARY)?.version).toBe(1);
    expect(versionInForce(mixed, MARCH)?.version).toBe(3);
    expect(versionInForce(mixed, DECEMBER)?.version).toBe(3);
  });

  it('stays where an older price is put down afterwards', () => {
    const late = [published(1, card, MARCH), published(2, cheaper, JANUARY)].reduce(
      (folded, event) => rateCards.evolve(folded, event),
      rateCards.initialState(),
    );
    expect(versionInForce(late, DECEMBER)?.version).toBe(1);
  });

  it('is none before the first took effect', () => {
    expect(versionInForce(state, '2025-12-31T23:59:59.999Z')).toBeUndefined();
  });
});

describe('the card that is shipped', () => {
  const used = (provider: string, model: string, tokens: object) =>
    price(
      {
        kind: 'model',
        provider,
        model,
        ...{
          inputTokens: 0,
          outputTokens: 0,
          cacheReadTokens: 0,
          cacheWriteTokens: 0,
          cacheWrite1hTokens: 0,
          reasoningTokens: 0,
          ...tokens,
        },
      },
      defaultCardAt(NOW),
    ).amountMicroUnits;

  it('is one that could be published at any time, dated and with its sources', () => {
    const cards = defaultCardsFrom(JANUARY);
    expect(cards.length).toBeGreaterThan(2);
    for (const { card: shipped, effectiveFrom } of cards)
      given()
        .when(publish(shipped, effectiveFrom))
        .thenEmits(published(1, shipped, effectiveFrom));
    expect(shippedPrices.collectedOn).toBe('2026-11-21');
    expect(shippedPrices.sources.length).toBeGreaterThan(0);
  });

  it.each([
    // 1 M input at $4 + 0.1 M output at $20 + 0.1 M reasoning at $20
    ['anthropic', 'claude-opus-5-5', { inputTokens: 1e6, outputTokens: 1e5, reasoningTokens: 1e5 }, 8_000_000],
    // 1 M cache reads at $0.20
    ['anthropic', 'claude-sonnet-5', { cacheReadTokens: 1e6 }, 200_000],
    ['anthropic', 'claude-haiku-4-5-20251001', { cacheWriteTokens: 1e6 }, 1_250_000],
    // a prompt above 100,000 tokens costs five times as much per token
    ['anthropic', 'claude-haiku-5-5', { inputTokens: 100_000 }, 10_000],
    ['anthropic', 'claude-haiku-5-5', { inputTokens: 100_001 }, 50_001],
    // above 272,000 prompt tokens input doubles
    ['openai-compatible', 'gpt-6-sol', { inputTokens: 272_000 }, 544_000],
    ['openai-compatible', 'gpt-6-sol', { inputTokens: 272_001 }, 1_088_004],
    ['openai-compatible', 'gpt-5-nano', { inputTokens: 1_000, outputTokens: 1_000 }, 450],
    ['scripted', 'any', { inputTokens: 1e6 }, 0],
    ['ollama', 'llama4', { inputTokens: 1e6 }, 0],
    ['openai-compatible', 'somebody-elses-model', { inputTokens: 1 }, null],
  ])('prices %s %s %j at %d micro-dollars', (provider, model, tokens, expected) => {
    expect(used(provider, model, tokens)).toBe(expected);
  });

  it('prices compute on this machine at zero on purpose', () => {
    const compute = { kind: 'compute', resourceClass: 'standard', milliseconds: 3_600_000 } as const;
    expect(price(compute, defaultCardAt(NOW))).toEqual({ amountMicroUnits: 0 });
  });
});
