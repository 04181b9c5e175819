import type { ModelMessage } from '@ai-sdk/provider-utils';
import { sendable, WholeCharacters } from './sendable-messages.js';

describe('text that comes in pieces', () => {
  it('is shown in whole characters, also where a piece ends within one', () => {
    const characters = new WholeCharacters();
    const [high = '', low = ''] = '😀'.split('');
    const shown = [
      characters.of('a', `smile ${high}`),
      characters.of('b', 'elsewhere'),
      characters.of('a', `${low} end`),
    ];
    expect(shown).toEqual(['smile ', 'elsewhere', '😀 end']);
  });
});

describe('calls of a model', () => {
  const call = (toolCallId: string, input: unknown) =>
    ({ type: 'tool-call', toolCallId, toolName: 'bash', input }) as const;

  it.each(['same', ''])('of which several have the id "%s" keep their own arguments and get ids of their own', id => {
    const calls = ['one', 'two', 'three'].map(command => call(id, { command }));
    const said: ModelMessage[] = [{ role: 'assistant', content: calls }];
    const [message] = sendable(said, calls);
    const sent = (message?.content ?? []) as ReturnType<typeof call>[];
    expect(sent.map(({ input }) => input)).toEqual(calls.map(({ input }) => input));
    expect(new Set(sent.map(({ toolCallId }) => toolCallId)).size).toBe(3);
    expect(sent.every(({ toolCallId }) => /^[a-zA-Z0-9_-]+$/.test(toolCallId))).toBe(true);
  });
});
