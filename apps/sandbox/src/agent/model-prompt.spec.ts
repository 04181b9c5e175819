import type { ModelMessage } from '@ai-sdk/provider-utils';
import { promptOf } from './model-prompt.js';

const cached = { anthropic: { cacheControl: { type: 'ephemeral' } } };
const signed = { anthropic: { signature: 'sig-1' } };

describe('the prompt of a model', () => {
  it('is what was kept, with the instructions first, and may be kept by the vendor up to both ends', () => {
    const output = { type: 'text', value: 'a.txt' } as const;
    const kept: ModelMessage[] = [
      { role: 'user', content: 'Look.' },
      {
        role: 'assistant',
        content: [
          { type: 'custom', kind: 'anthropic.message_start', providerOptions: { anthropic: { id: 'msg_1' } } },
          { type: 'reasoning', text: 'Hm.', providerOptions: signed },
          { type: 'text', text: '' },
          { type: 'text', text: '', providerOptions: signed },
          { type: 'tool-call', toolCallId: 'call_1', toolName: 'bash', input: { command: 'ls' } },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_1', toolName: 'bash', output }] },
    ];
    expect(promptOf('Be kind.', kept)).toEqual([
      { role: 'system', content: 'Be kind.', providerOptions: cached },
      { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'custom', kind: 'anthropic.message_start', providerOptions: { anthropic: { id: 'msg_1' } } },
          { type: 'reasoning', text: 'Hm.', providerOptions: signed },
          { type: 'text', text: '', providerOptions: signed },
          { type: 'tool-call', toolCallId: 'call_1', toolName: 'bash', input: { command: 'ls' } },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'call_1', toolName: 'bash', output }],
        providerOptions: cached,
      },
    ]);
  });

  it('refuses what no conversation of ours holds, rather than to leave it out', () => {
    const file: ModelMessage = {
      role: 'assistant',
      content: [{ type: 'file', data: 'AA==', mediaType: 'image/png' }],
    };
    expect(() => promptOf(undefined, [file])).toThrow('No conversation that is kept has a file of assistant.');
  });
});
