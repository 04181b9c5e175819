import { RelayedUsage } from './relayed-usage.js';

const STREAM = 'text/event-stream; charset=utf-8';
const none = { cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0, reasoningTokens: 0 };

function heard(contentType: string, text: string) {
  const usage = new RelayedUsage(contentType);
  // In pieces that break lines and characters.
  for (const byte of Buffer.from(text)) usage.take(Buffer.from([byte]));
  return usage.buckets;
}

const data = (...messages: object[]) =>
  messages.map(message => `event: x\ndata: ${JSON.stringify(message)}\n\n`).join('');
const started = {
  type: 'message_start',
  message: {
    usage: { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 40, cache_creation_input_tokens: 7 },
  },
};

describe('what an answer of a model says that it used', () => {
  it('is read from a stream of the Messages API', () => {
    const text = data(
      started,
      { type: 'content_block_delta', delta: { text: 'usage: é' } },
      { type: 'message_delta', usage: { output_tokens: 25 } },
    );
    const counted = { ...none, inputTokens: 100, outputTokens: 25, cacheReadTokens: 40, cacheWriteTokens: 7 };
    expect(heard(STREAM, text)).toEqual(counted);
  });

  it('is what was told by then where the stream broke off', () => {
    expect(heard(STREAM, data(started))).toMatchObject({ inputTokens: 100, outputTokens: 1, cacheReadTokens: 40 });
  });

  it('HOSTILE: is not less for whoever hangs up before the end: each byte that came counts as a token until the vendor says better', () => {
    const written = [
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x'.repeat(300) } },
      { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'é'.repeat(50) } },
      { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
    ];
    const cutOff = (most: number, ...messages: object[]) => {
      const usage = new RelayedUsage(STREAM);
      usage.take(Buffer.from(data(started, ...messages)));
      return usage.brokenOff(most)?.outputTokens;
    };
    expect(cutOff(9_000, ...written)).toBe(407);
    expect(cutOff(64, ...written)).toBe(64);
    expect(cutOff(9_000, ...written, { type: 'message_delta', usage: { output_tokens: 90 } })).toBe(90);
    expect(new RelayedUsage(STREAM).brokenOff(9_000)).toBeUndefined();
  });

  it('is read from a stream of chat completions', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 30,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 10 },
    };
    const text = `${data({ choices: [{ delta: { content: 'hi' } }], usage: null }, { choices: [], usage })}data: [DONE]\n\n`;
    const counted = { ...none, inputTokens: 40, outputTokens: 20, cacheReadTokens: 60, reasoningTokens: 10 };
    expect(heard(STREAM, text)).toEqual(counted);
  });

  it('is read from the Responses API, streamed or whole', () => {
    const usage = {
      input_tokens: 50,
      output_tokens: 9,
      input_tokens_details: { cached_tokens: 20 },
      output_tokens_details: { reasoning_tokens: 4 },
    };
    const counted = { ...none, inputTokens: 30, outputTokens: 5, cacheReadTokens: 20, reasoningTokens: 4 };
    expect(
      heard(STREAM, data({ type: 'response.created' }, { type: 'response.completed', response: { usage } })),
    ).toEqual(counted);
    expect(heard('application/json', JSON.stringify({ usage }))).toEqual(counted);
  });

  it.each([
    ['nothing', 'application/json', '{}'],
    ['words', 'application/json', '{"usage":{"input_tokens":"many"}}'],
    ['garbage', STREAM, 'data: usage {{{\n\n'],
    ['an answer that broke off', 'application/json', '{"usage":{"input_tokens":5'],
  ])('is unknown, not zero, where it says %s', (_what, contentType, text) => {
    expect(heard(contentType, text)).toBeUndefined();
  });
});
