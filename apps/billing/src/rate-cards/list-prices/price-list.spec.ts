import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { microUnitsOf } from './exact-amount.js';
import { installedPriceList, PRICE_LIST, PriceList } from './price-list.js';
import type { ListedModel } from './price-list.js';

const JULY = '2026-07-01T00:00:00.000Z';
const AUGUST = '2026-08-01T00:00:00.000Z';
const listOf = (...models: readonly ListedModel[]) => new PriceList([{ provider: 'p', models }]);
const plain = { input_mtok: 1, output_mtok: 2 };

describe('the price list that is installed', () => {
  const list = installedPriceList();
  const priceOf = (provider: string, model: string, at: string) =>
    list.modelsAt(at).filter(one => one.provider === provider && one.model === model);

  it('is the one that cards name as their source', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(PRICE_LIST).toBe(`@pydantic/genai-prices ${dependencies['@pydantic/genai-prices']}`);
  });

  it('has the prices of each day exactly, in millionths', () => {
    const at = (input: number, output: number, cacheRead: number, cacheWrite: number) => ({
      ...{ provider: 'openai-compatible', model: 'gpt-5.6-luna' },
      perMillionTokens: { input, output, cacheRead, cacheWrite, reasoning: output },
    });
    expect(priceOf('openai-compatible', 'gpt-5.6-luna', JULY)).toEqual([
      { ...at(1_000_000, 6_000_000, 100_000, 1_250_000), upToPromptTokens: 271_999 },
      at(2_000_000, 9_000_000, 200_000, 2_500_000),
    ]);
    expect(priceOf('openai-compatible', 'gpt-5.6-luna', AUGUST)).toEqual([
      { ...at(200_000, 1_200_000, 20_000, 250_000), upToPromptTokens: 271_999 },
      at(400_000, 1_800_000, 40_000, 500_000),
    ]);
    expect(list.changes).toContain('2026-07-30T00:00:00.000Z');
  });

  it('knows what it costs to keep a prompt in a cache for an hour', () => {
    expect(priceOf('anthropic', 'claude-opus-5-5', AUGUST)).toMatchObject([
      { perMillionTokens: { cacheWrite: 5_000_000, cacheWrite1h: 8_000_000 } },
    ]);
  });

  it('prices each name once', () => {
    const sizes = list.modelsAt(AUGUST).map(one => `${one.provider} ${one.model} ${one.upToPromptTokens}`);
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(sizes.length).toBeGreaterThan(100);
  });

  it('says what it has and no card takes', () => {
    const what = list.leftOut.map(one => one.what);
    expect(what).toContain('web_searches_kcount');
    expect(what).toContain('input_audio_mtok');
    expect(what).toContain('openai-compatible text-embedding-3-small');
    expect(what).toContain('openai-compatible gpt-oss-120b');
  });
});

describe('a price list', () => {
  it('prices a model under every name that is one, and its dated snapshots with it', () => {
    const match = {
      or: [
        { equals: 'm' },
        { equals: 'm-2026-01-02' },
        { equals: 'other-2026-01-02' },
        { starts_with: 'n-1' },
        { starts_with: 'n-2025' },
        { starts_with: 'ft:m' },
        { regex: '^m-.*$' },
      ],
    };
    const names = listOf({ id: 'm', match, prices: plain })
      .modelsAt(JULY)
      .map(one => one.model);
    expect(names).toEqual(['m', 'other-2026-01-02', 'n-1']);
  });

  it('has no model without a price of text, with one that is finer than a millionth, or that changes within the day', () => {
    const none = listOf(
      { id: 'ear', match: { equals: 'ear' }, prices: { audio_hours: 0.36 } },
      { id: 'fine', match: { equals: 'fine' }, prices: { ...plain, cache_read_mtok: 0.0833333 } },
      { id: 'night', match: { equals: 'night' }, prices: [{ constraint: { type: 'time_of_date' }, prices: plain }] },
      { id: 'any-', match: { contains: 'any' }, prices: plain },
    );
    expect(none.modelsAt(JULY)).toEqual([]);
    expect(none.leftOut.map(({ what }) => what)).toEqual(['p ear', 'p fine', 'p night', 'p any-', 'audio_hours']);
  });
});

describe('an amount', () => {
  it('is taken from its digits', () => {
    expect(['0.1', '3', '0.000001', '37.5', '1.2500000'].map(microUnitsOf)).toEqual([
      100_000, 3_000_000, 1, 37_500_000, 1_250_000,
    ]);
    expect(['0.0000001', '1e-7', '-1', '', 'NaN', '99999999999.999999'].map(microUnitsOf)).toEqual(
      Array(6).fill(undefined),
    );
  });

  it('comes back from a number whatever it is, as long as it is one of millionths', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), millionths => {
        expect(
          microUnitsOf(String(Number(`${Math.floor(millionths / 1e6)}.${String(millionths % 1e6).padStart(6, '0')}`))),
        ).toBe(/e/.test(String(millionths / 1e6)) ? undefined : millionths);
      }),
    );
  });
});
