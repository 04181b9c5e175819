import { readRequest } from './relayed-request.js';

const read = (path: string, body: object | string, method = 'POST') =>
  readRequest({ method, path, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, 1_000);
const sent = (path: string, body: object) => {
  const found = read(path, body);
  if (found.kind !== 'bounded') throw new Error(JSON.stringify(found));
  return { ...found.request, body: JSON.parse(found.request.body.toString()) as object };
};

const inTurn = (block: object) => ({ role: 'user', content: [block] });

describe('what a request of a program can cost at most', () => {
  it('is bounded by its bytes and by how long its answer may get', () => {
    const messages = [{ role: 'user', content: 'x'.repeat(5_000) }];
    const { model, inputTokens, maxOutputTokens } = sent('/v1/messages', { model: 'sonnet', max_tokens: 64, messages });
    expect([model, maxOutputTokens]).toEqual(['sonnet', 64]);
    expect(inputTokens).toBeGreaterThan(5_000 + 2_048);
  });

  it('is made so where the request does not say it', () => {
    expect(sent('/v1/responses', { model: 'm', input: 'hi' })).toMatchObject({
      maxOutputTokens: 1_000,
      body: { max_output_tokens: 1_000 },
    });
    expect(sent('/v1/chat/completions', { model: 'm', stream: true, n: 3 })).toMatchObject({
      maxOutputTokens: 3_000,
      body: { max_completion_tokens: 1_000, stream_options: { include_usage: true } },
    });
    expect(sent('/v1/responses/compact', { model: 'm' })).toMatchObject({
      maxOutputTokens: 1_000,
      body: { model: 'm' },
    });
    expect(sent('/v1/messages', { model: 'm', max_tokens: 5, tools: [{ name: 'a' }] }).body).toEqual({
      ...{ model: 'm', max_tokens: 5, tools: [{ name: 'a' }] },
    });
  });

  it.each([
    ['/v1/messages', { max_output_tokens: 1, max_completion_tokens: 1, max_tokens: 9_000 }, 9_000],
    ['/v1/chat/completions', { max_output_tokens: 1, max_completion_tokens: 1, max_tokens: 9_000 }, 9_000],
    ['/v1/chat/completions', { max_tokens: null, max_completion_tokens: 70 }, 70],
    ['/v1/responses', { max_output_tokens: 9_000, max_completion_tokens: 1, max_tokens: 1 }, 9_000],
    ['/v1/completions', { max_output_tokens: 1, max_tokens: 9_000 }, 9_000],
  ])('HOSTILE: %s is not cheaper by limits that do not count for it: %j', (path, limits, most) => {
    expect(sent(path, { model: 'm', ...limits }).maxOutputTokens).toBe(most);
  });

  it.each([
    ['/v1/messages', 'max_output_tokens', 'max_tokens'],
    ['/v1/chat/completions', 'max_output_tokens', 'max_completion_tokens'],
    ['/v1/responses', 'max_tokens', 'max_output_tokens'],
    ['/v1/completions', 'max_completion_tokens', 'max_tokens'],
  ])('HOSTILE: %s has no limit by the name of %s, and gets one', (path, decoy, limit) => {
    expect(sent(path, { model: 'm', [decoy]: 1 })).toMatchObject({ maxOutputTokens: 1_000, body: { [limit]: 1_000 } });
  });

  it.each([
    ['/v1/messages', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tool web_search_20250305'],
    ['/v1/responses', { tools: [{ type: 'file_search' }] }, 'tool file_search'],
    ['/v1/messages', { mcp_servers: [{ type: 'url', url: 'https://x.example' }] }, 'mcp_servers'],
    ['/v1/chat/completions', { web_search_options: {} }, 'searches the web itself'],
    ['/v1/responses', { prompt: { id: 'pmpt_1' } }, 'kept at the vendor'],
    ['/v1/responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'how many pages'],
    ['/v1/responses', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] }, 'how many pages'],
    [
      '/v1/messages',
      { messages: [inTurn({ type: 'document', source: { type: 'base64', data: 'JVBE' } })] },
      'how many pages',
    ],
    ['/v1/responses', { service_tier: 'priority' }, 'costs more (priority)'],
    ['/v1/messages', { speed: 'fast' }, 'costs more (fast)'],
  ])('HOSTILE: %s is not bounded by its bytes with %j, and says so', (path, more, why) => {
    expect(sent(path, { model: 'm', ...more }).unbounded).toContain(why);
  });

  it('is bounded where words only look like files, and tools are the program’s own', () => {
    const call = { type: 'tool_use', id: 't', name: 'mcp__drive', input: { type: 'file', file_id: 'f' } };
    const text = { type: 'document', source: { type: 'text', data: 'plain' } };
    const tools = [
      { name: 'web_search', input_schema: {} },
      { type: 'bash_20250124', name: 'bash' },
    ];
    const request = sent('/v1/messages', { model: 'm', tools, messages: [inTurn(call), inTurn(text)] });
    expect(request).not.toHaveProperty('unbounded');
    expect(request).not.toHaveProperty('keepsForAnHour');
  });

  it('HOSTILE: counts pictures by what vendors make of them, and a cache for an hour by its own price', () => {
    const picture = { type: 'image', source: { type: 'base64', data: 'R0lG' } };
    const result = { type: 'tool_result', tool_use_id: 't', content: [picture] };
    const plain = sent('/v1/messages', { model: 'm', messages: [] }).inputTokens;
    const request = sent('/v1/messages', { model: 'm', messages: [inTurn(picture), inTurn(result)] });
    expect(request.inputTokens).toBeGreaterThan(plain + 10_000);
    const kept = [{ type: 'text', text: 'rules', cache_control: { type: 'ephemeral', ttl: '1h' } }];
    expect(sent('/v1/messages', { model: 'm', system: kept }).keepsForAnHour).toBe(true);
  });

  it('HOSTILE: is no number beyond all numbers', () => {
    expect(read('/v1/messages', { model: 'm', max_tokens: 1e300 }).kind).toBe('refused');
  });

  it('is nothing where no model is asked', () => {
    expect(read('/api/event_logging/..%2f..%2fv1/embeddings', { model: 'm' }).kind).toBe('refused');
    expect(read('/v1/models', '', 'GET').kind).toBe('free');
    expect(read('/v1/messages/count_tokens', { model: 'm' }).kind).toBe('free');
  });

  it.each([
    ['of another kind', '/v1/messages/batches', { requests: [] }],
    ['of another kind', '/v1/images/generations', { model: 'm' }],
    ['whose name is written otherwise', '/v1/%6Dessages', { model: 'm' }],
    ['that names no model', '/v1/messages', { max_tokens: 5 }],
    ['whose prompt is elsewhere', '/v1/responses', { model: 'm', previous_response_id: 'resp_1' }],
    ['that is no JSON', '/v1/messages', 'hello'],
  ])('HOSTILE: is not passed on when it is a request %s', (_what, path, body) => {
    expect(read(path, body).kind).toBe('refused');
  });
});
