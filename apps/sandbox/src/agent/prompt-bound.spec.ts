import type { ModelMessage } from '@ai-sdk/provider-utils';
import { PromptBound } from './prompt-bound.js';

const user = (content: string): ModelMessage => ({ role: 'user', content });

describe('the bound of a prompt', () => {
  it('counts every byte of what was never sent: no text has more tokens', () => {
    const bound = new PromptBound([], undefined);
    expect(bound.of([user('ü'.repeat(1_000))]) - bound.of([user('')])).toBe(2_000);
    expect(new PromptBound(['bash'], 'Be kind.').of([])).toBeGreaterThan(bound.of([]) + 100);
  });

  it('takes the count of the provider for what was sent before, and bytes only for the rest', () => {
    const bound = new PromptBound([], undefined);
    const conversation = [user('x'.repeat(40_000)), { role: 'assistant' as const, content: 'y'.repeat(4_000) }];
    bound.counted(2, {
      inputTokens: 3_000,
      cacheReadTokens: 6_000,
      cacheWriteTokens: 900,
      cacheWrite1hTokens: 100,
      outputTokens: 900,
      reasoningTokens: 100,
    });
    const more = [...conversation, user('z'.repeat(500))];
    expect(bound.of(more)).toBeGreaterThanOrEqual(10_000 + 1_000 + 500);
    expect(bound.of(more)).toBeLessThan(13_000);
  });

  it('stays on bytes when the provider said nothing', () => {
    const bound = new PromptBound([], undefined);
    bound.counted(1, undefined);
    expect(bound.of([user('x'.repeat(10_000))])).toBeGreaterThan(10_000);
  });
});
