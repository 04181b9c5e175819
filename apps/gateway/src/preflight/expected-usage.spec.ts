import type { PreflightReport, Usage } from '@runledger/contracts';
import { estimateNode } from './estimate.js';
import { expectedUsage } from './expected-usage.js';

const step = (key: string, model?: string): PreflightReport['steps'][number] => ({
  key,
  name: key,
  kind: model === undefined ? 'command' : 'agent',
  needs: [],
  conditional: false,
  ...(model !== undefined && { provider: 'anthropic', model }),
  tools: [],
});
const tokens = (model: string, inputTokens: number, outputTokens = 0): Usage => ({
  ...{ kind: 'model', provider: 'anthropic', model, inputTokens, outputTokens },
  ...{ cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0, reasoningTokens: 0 },
});
const compute = (milliseconds: number): Usage => ({ kind: 'compute', resourceClass: 'small', milliseconds });

describe('what a run will probably use', () => {
  it('is the mean of the last runs, added up by model and by machine', () => {
    const history = {
      runs: 4,
      used: [
        { step: 'plan', usage: tokens('opus', 4_000, 400) },
        { step: 'plan', usage: compute(8_000) },
        { step: 'write', usage: tokens('opus', 2_000, 2) },
        { step: 'test', usage: compute(2_000) },
        { step: 'gone', usage: tokens('opus', 1_000_000) },
      ],
    };
    expect(expectedUsage([step('plan', 'opus'), step('write', 'opus'), step('test')], history)).toEqual({
      expected: [
        { usage: tokens('opus', 1_500, 101), steps: ['plan', 'write'] },
        { usage: compute(2_500), steps: ['plan', 'test'] },
      ],
      unknown: [],
    });
  });

  it('is of the model that the step names today', () => {
    const history = { runs: 1, used: [{ step: 'plan', usage: tokens('opus', 7) }] };
    const { expected } = expectedUsage([step('plan', 'haiku')], history);
    expect(expected).toEqual([{ usage: tokens('haiku', 7), steps: ['plan'] }]);
  });

  it('is unknown for agents that no run has tried, and says so instead of naming an amount', () => {
    const expectation = expectedUsage([step('plan', 'opus'), step('write', 'opus'), step('test')], {
      runs: 0,
      used: [],
    });
    const estimate = estimateNode(expectation, 0, { prices: [], currency: 'USD', rateCardVersion: 1 });
    expect(estimate).toMatchObject({
      total: null,
      unpriced: false,
      complete: false,
      lines: [{ model: 'opus', steps: ['plan', 'write'], basis: 'UNKNOWN', cost: null, unpriced: false }],
    });
  });

  it('of what has no price is unpriced, and the sum is called incomplete', () => {
    const history = {
      runs: 1,
      used: [
        { step: 'plan', usage: tokens('opus', 10) },
        { step: 'plan', usage: compute(1) },
      ],
    };
    const estimate = estimateNode(expectedUsage([step('plan', 'opus')], history), 1, {
      prices: [{ amountMicroUnits: 1_500 }, { amountMicroUnits: null, note: 'unpriced: no price' }],
      currency: 'USD',
      rateCardVersion: 1,
    });
    expect(estimate).toMatchObject({
      total: { formatted: '0.0015 USD' },
      unpriced: true,
      complete: false,
      lines: [
        { basis: 'HISTORY', cost: { microUnits: '1500' }, tokens: 10 },
        { resourceClass: 'small', cost: null, unpriced: true, milliseconds: 1, note: 'unpriced: no price' },
      ],
    });
  });
});
