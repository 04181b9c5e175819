import { usageIn } from './program-usage.js';

const counted = { totalTokens: 33, inputTokens: 20, outputTokens: 5 };

describe('what a program says of tokens', () => {
  it('is read into buckets of which each token is in one', () => {
    const usage = { ...counted, thoughtTokens: 2, cachedReadTokens: 8, cachedWriteTokens: 1 };
    expect(usageIn({ stopReason: 'end_turn', usage })).toEqual({
      ...{ inputTokens: 20, outputTokens: 3, reasoningTokens: 2 },
      ...{ cacheReadTokens: 8, cacheWriteTokens: 1, cacheWrite1hTokens: 0 },
    });
    expect(usageIn({ _meta: { usage: counted } })).toMatchObject({ inputTokens: 20, cacheReadTokens: 0 });
  });

  it.each([
    ['nothing', {}],
    ['null', { usage: null }],
    ['a sum alone', { usage: { totalTokens: 33 } }],
    ['words', { usage: { inputTokens: 'many', outputTokens: 'more' } }],
    ['less than nothing', { usage: { ...counted, inputTokens: -1 } }],
    ['no answer', undefined],
  ])('is unknown, not zero, where it says %s', (_what, answer) => {
    expect(usageIn(answer)).toBeUndefined();
  });
});
