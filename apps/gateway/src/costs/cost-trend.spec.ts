import fc from 'fast-check';
import { trendOf, type RunCost, type StepCost } from './cost-trend.js';

const step = (more: Partial<StepCost> = {}): StepCost => ({
  ...{ step: 'review', model: 'anthropic/small', cost: 1_000, turns: 4, promptTokens: 8_000, cachedTokens: 6_000 },
  ...{ outputTokens: 400, attempts: 1, rateCard: '1' },
  ...more,
});
const run = (n: number, steps: readonly StepCost[] = [step()], flowVersion = 1): RunCost => ({
  runId: `run_${n}`,
  startedAt: '2026-11-21T10:00:00.000Z',
  flowVersion,
  steps,
});
/** Twelve runs that cost about the same, and one more. */
const after = (last: RunCost) =>
  trendOf([...Array.from({ length: 12 }, (_, n) => run(n, [step({ cost: 1_000 + (n % 3) * 10 })])), last], 1)[0]!;

describe('the trend of what a flow costs', () => {
  it('has no baseline before there are five runs', () => {
    const points = trendOf(
      Array.from({ length: 7 }, (_, n) => run(n)),
      7,
    );
    expect(points.map(({ baseline }) => baseline)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      1_000,
      1_000,
    ]);
  });

  it('leaves the usual ups and downs alone', () => {
    expect(after(run(13, [step({ cost: 1_200 })]))).toMatchObject({ baseline: 1_010, regressions: [] });
  });

  it.each<[string, RunCost, object]>([
    [
      'a dearer model',
      run(13, [step({ cost: 5_000, model: 'anthropic/large' })]),
      { kind: 'MODEL', from: 'anthropic/small', to: 'anthropic/large' },
    ],
    [
      'more turns',
      run(13, [step({ cost: 3_000, turns: 12, promptTokens: 24_000, cachedTokens: 18_000, outputTokens: 1_200 })]),
      { kind: 'TURNS', from: '4', to: '12' },
    ],
    [
      'a cache that is not hit',
      run(13, [step({ cost: 2_400, cachedTokens: 0 })]),
      { kind: 'CACHE_HIT_RATE', from: '75 %', to: '0 %' },
    ],
    [
      'another version of its prompt',
      run(13, [step({ cost: 2_400 })], 2),
      { kind: 'FLOW_VERSION', from: '1', to: '2' },
    ],
    ['another price', run(13, [step({ cost: 2_400, rateCard: '2' })]), { kind: 'PRICE', from: '1', to: '2' }],
    [
      'longer answers',
      run(13, [step({ cost: 2_400, outputTokens: 4_000 })]),
      { kind: 'OUTPUT_TOKENS', from: '100', to: '1000' },
    ],
    ['a second attempt', run(13, [step({ cost: 2_400, attempts: 2 })]), { kind: 'ATTEMPTS', from: '1', to: '2' }],
  ])('names the step and the change: %s', (_what, dearer, change) => {
    const { regressions } = after(dearer);
    expect(regressions).toMatchObject([{ step: 'review', baseline: 1_010, changes: [change] }]);
  });

  it('names a step that there was not', () => {
    const { regressions } = after(run(13, [step(), step({ step: 'again', cost: 900 })]));
    expect(regressions).toMatchObject([{ step: 'again', baseline: 0, changes: [{ kind: 'NEW_STEP' }] }]);
  });

  it('is not moved by one run that went wrong', () => {
    const runs = [...Array.from({ length: 10 }, (_, n) => run(n)), run(10, [step({ cost: 90_000 })]), run(11)];
    const [wrong, next] = trendOf(runs, 2);
    expect(wrong?.regressions).toHaveLength(1);
    expect(next).toMatchObject({ baseline: 1_000, regressions: [] });
  });

  it('never finds a run dear that cost no more than every one before it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9_000 }), { minLength: 6, maxLength: 30 }), costs => {
        const runs = costs.map((cost, n) => run(n, [step({ cost })]));
        for (const { run: one, cost, regressions } of trendOf(runs, runs.length)) {
          const before = costs.slice(Math.max(0, runs.indexOf(one) - 20), runs.indexOf(one));
          if (regressions.length > 0) expect(cost).toBeGreaterThan(Math.min(...before));
        }
      }),
    );
  });
});
