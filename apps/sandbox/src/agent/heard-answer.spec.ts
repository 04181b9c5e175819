import type { LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider';
import { HeardAnswer } from './heard-answer.js';

const usage: LanguageModelV4Usage = {
  inputTokens: { total: 12, noCache: 10, cacheRead: 2, cacheWrite: 0 },
  outputTokens: { total: 3, text: 3, reasoning: 0 },
};
const text = (id: string, ...deltas: string[]): LanguageModelV4StreamPart[] => [
  { type: 'text-start', id },
  ...deltas.map(delta => ({ type: 'text-delta', id, delta }) as const),
  { type: 'text-end', id },
];

function heard(...parts: LanguageModelV4StreamPart[]) {
  const answer = new HeardAnswer(['bash']);
  return { answer, pieces: parts.flatMap(part => answer.hear(part) ?? []) };
}

describe('what a model answers', () => {
  it('is kept in its order, with what its vendor wants back', () => {
    const signed = { anthropic: { signature: 'sig-1' } };
    const redacted = { anthropic: { redactedData: 'hidden' } };
    const { answer } = heard(
      { type: 'reasoning-start', id: '0' },
      { type: 'reasoning-delta', id: '0', delta: 'Hm.' },
      { type: 'reasoning-delta', id: '0', delta: '', providerMetadata: signed },
      { type: 'reasoning-end', id: '0' },
      { type: 'reasoning-start', id: '1', providerMetadata: redacted },
      { type: 'reasoning-end', id: '1' },
      ...text('2', 'I ', 'look.'),
      { type: 'tool-call', toolCallId: 'call_1', toolName: 'bash', input: '{"command":"ls"}' },
    );
    expect(answer.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.', providerOptions: signed },
          { type: 'reasoning', text: '', providerOptions: redacted },
          { type: 'text', text: 'I look.' },
          { type: 'tool-call', toolCallId: 'call_1', toolName: 'bash', input: { command: 'ls' } },
        ],
      },
    ]);
    expect(answer.text).toBe('I look.');
    expect(answer.calls).toEqual([{ toolCallId: 'call_1', tool: 'bash', input: { command: 'ls' } }]);
  });

  it('is nothing where only empty texts came', () => {
    expect(heard(...text('0'), ...text('1', '')).answer.messages).toEqual([]);
  });

  it('is told apart where a provider gives one id to several texts', () => {
    const { pieces, answer } = heard(...text('txt-0', 'one'), ...text('txt-0', 'two'), ...text('txt-0-2', 'three'));
    expect(pieces.map(({ id }) => id)).toEqual(['txt-0', 'txt-0-2', 'txt-0-2-2']);
    expect(answer.messages[0]?.content).toHaveLength(3);
  });

  it('does not mix what is thought with what is said under the same id', () => {
    const { pieces } = heard(
      { type: 'reasoning-start', id: '0' },
      { type: 'text-start', id: '0' },
      { type: 'reasoning-delta', id: '0', delta: 'Hm.' },
      { type: 'text-delta', id: '0', delta: 'Yes.' },
    );
    expect(pieces).toEqual([
      { kind: 'reasoning', id: '0', piece: 'Hm.' },
      { kind: 'text', id: '0', piece: 'Yes.' },
    ]);
  });

  it('has used what was said at its start, until its end says more', () => {
    const begun = { anthropic: { usage: { input_tokens: 7, output_tokens: 1 } } };
    const { answer } = heard({ type: 'custom', kind: 'anthropic.message_start', providerMetadata: begun });
    expect(answer.usage).toMatchObject({ inputTokens: 7 });
    answer.hear({ type: 'finish', finishReason: { unified: 'stop', raw: 'end_turn' }, usage });
    expect(answer.usage).toMatchObject({ inputTokens: 10, cacheReadTokens: 2, outputTokens: 3 });
  });
});
