import {
  fromJsonSchema,
  McpServer as RealServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { AgentWork, AttemptEvent, Json, McpServer, ScriptedTurn, ToolName } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { living, testProfile } from '../driver/sandbox.fixture.js';

const MODULES = join(fileURLToPath(new URL('../../../..', import.meta.url)), 'node_modules');
const MIB = 1_048_576;
const TEXT = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const;

/** A real server, as a program for the sandbox. */
const PROGRAM = `
const at = '/mnt/mcp/node_modules/@modelcontextprotocol/server/dist/';
const { McpServer, fromJsonSchema } = await import(at + 'index.mjs');
const { StdioServerTransport } = await import(at + 'stdio.mjs');
const server = new McpServer({ name: 'shout', version: '1' });
const inputSchema = fromJsonSchema(${JSON.stringify(TEXT)});
server.registerTool('shout', { description: 'Says it louder.', inputSchema }, ({ text }) => {
  if (text === 'fail') return { isError: true, content: [{ type: 'text', text: 'too loud' }] };
  if (text === 'die') process.exit(3);
  return { content: [{ type: 'text', text: text.toUpperCase() + ' from ' + process.cwd() + ' ' + process.env.TONE }] };
});
await server.connect(new StdioServerTransport());
`;

describe('the MCP servers of an agent', () => {
  let ground: Ground;
  let http: Server;
  let url: string;
  const seen: string[] = [];
  const held: ServerResponse[] = [];
  let flooded = 0;
  const sessions = { open: new Map<string, WebStandardStreamableHTTPServerTransport>(), said: [] as string[] };

  beforeAll(async () => {
    ground = await Ground.make();
    const mounts = [{ source: MODULES, target: '/mnt/mcp/node_modules', mode: 'ro' as const }];
    await ground.publishProfile(testProfile({ mounts }), [MODULES]);
    http = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(http, 'listening');
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    http.closeAllConnections();
    http.close();
    await ground.giveBack();
  });

  /** Another real server, over HTTP; and what else is found at addresses that are said to be one. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    seen.push(String(request.headers.authorization));
    if (path === '/secret') return void response.writeHead(401).end();
    if (path === '/html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    const body = method === 'POST' ? await text(request) : undefined;
    if (body?.includes('"break"')) return void response.writeHead(500).end(`<html>${'x'.repeat(100_000)}</html>`);
    const flood = /"flood as (json|events)"/.exec(body ?? '')?.[1];
    if (flood !== undefined) return sendMuch(response, flood);
    if (body?.includes('"wait"')) return void held.push(response);
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const asked = new Request(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    const transport = path === '/session' ? await sessionOf(asked) : await served();
    if (!transport) return void response.writeHead(404).end();
    const answered = await transport.handleRequest(asked);
    response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text());
  }

  /** A message without an end. */
  function sendMuch(response: ServerResponse, as: string): void {
    response.writeHead(200, { 'content-type': as === 'json' ? 'application/json' : 'text/event-stream' });
    response.on('error', () => undefined).write(as === 'json' ? '{"x":"' : 'data: {"x":"');
    const more = (): void => {
      while (!response.destroyed && (flooded += MIB) && response.write('x'.repeat(MIB)));
    };
    response.on('drain', more);
    more();
  }

  /** A server that keeps something for each conversation; undefined: it does not know this one. */
  async function sessionOf({ headers }: Request): Promise<WebStandardStreamableHTTPServerTransport | undefined> {
    const id = headers.get('mcp-session-id');
    return id === null ? served({ sessionIdGenerator: randomUUID }) : sessions.open.get(id);
  }

  async function served(kept: { readonly sessionIdGenerator?: () => string } = {}) {
    const server = new RealServer({ name: 'add', version: '1' });
    const inputSchema = fromJsonSchema<{ text: string }>(TEXT);
    server.registerTool('echo', { description: 'Says it again.', inputSchema }, ({ text: said }) => {
      if (kept.sessionIdGenerator) sessions.said.push(said);
      if (said === 'forget') sessions.open.clear();
      return { content: [{ type: 'text', text: `again: ${said}` }] };
    });
    server.registerTool('look.around', { description: 'Shows what there is.' }, () => ({
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image', mimeType: 'image/png', data: 'AAAA' },
        { type: 'resource', resource: { uri: 'file:///a.pdf', mimeType: 'application/pdf', blob: 'AAAAAAA=' } },
      ],
    }));
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...kept,
      enableJsonResponse: true,
      onsessioninitialized: id => void sessions.open.set(id, transport),
      onsessionclosed: id => void sessions.open.delete(id),
    });
    await server.connect(transport);
    return transport;
  }

  const shout = (more: Partial<McpServer> = {}): McpServer => ({
    name: 'shout',
    command: ['node', '--input-type=module', '-e', PROGRAM],
    env: { TONE: 'gladly' },
    ...more,
  });
  const use = (name: ToolName, input: Record<string, Json>): ScriptedTurn => ({ tools: [{ name, arguments: input }] });
  const begin = (mcpServers: McpServer[], script: ScriptedTurn[], agent: Partial<AgentWork> = {}) =>
    ground.ready({
      runId: newRunId(),
      agent: { provider: 'scripted', model: 'm', prompt: 'Do it.', script, mcpServers, ...agent },
    });
  const dataOf = async <Type extends AttemptEvent['type']>(ready: ReadyStep, type: Type) =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === type ? [event.data as Extract<AttemptEvent, { type: Type }>['data']] : [],
    );
  const service = () => ground.wiredService({ mountSources: [MODULES], privateNetworks: ['127.0.0.0/8'] });

  it('run in the sandbox or are reached by HTTP, and their tools are called by their names', async () => {
    const running = await service();
    const servers: McpServer[] = [
      shout(),
      { name: 'again', url, needs: ['echo'], headers: { authorization: 'Bearer plain' } },
    ];
    const ready = await begin(servers, [
      use('mcp__shout__shout', { text: 'hello' }),
      use('mcp__again__echo', { text: 'hello' }),
      use('mcp__shout__shout', { text: 'fail' }),
      use('mcp__shout__none', { text: 'x' }),
      { text: 'Done.' },
    ]);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    expect(living(' shout')).toEqual([]);
    const ends = await dataOf(ready, 'ToolCallEnded');
    expect(ends.map(({ tool, state, output }) => [tool, state, output])).toEqual([
      ['mcp__shout__shout', 'ok', 'HELLO from /workspace gladly'],
      ['mcp__again__echo', 'ok', 'again: hello'],
      ['mcp__shout__shout', 'error', 'too loud'],
      ['mcp__shout__none', 'error', expect.stringContaining('There is no tool mcp__shout__none')],
    ]);
    expect(seen).toContain('Bearer plain');
  });

  it('are connected anew when they died, or forgot the conversation; what was under way is not repeated', async () => {
    const running = await service();
    const ready = await begin(
      [shout(), { name: 'kept', url: `${url}/session` }],
      [
        use('mcp__shout__shout', { text: 'die' }),
        use('mcp__shout__shout', { text: 'again' }),
        use('mcp__shout__shout', { text: 'more' }),
        use('mcp__kept__echo', { text: 'forget' }),
        use('mcp__kept__echo', { text: 'hello' }),
        use('mcp__kept__echo', { text: 'bye' }),
        { text: 'Done.' },
      ],
    );
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    expect(living(' shout')).toEqual([]);
    const ends = await dataOf(ready, 'ToolCallEnded');
    const anew = (server: string) =>
      `[The server ${server} was connected anew: what it kept for you before is gone.]\n`;
    expect(ends.map(({ state, output }) => [state, output])).toEqual([
      ['error', expect.stringContaining('The MCP server shout is not available')],
      ['ok', `${anew('shout')}AGAIN from /workspace gladly`],
      ['ok', 'MORE from /workspace gladly'],
      ['ok', 'again: forget'],
      ['ok', `${anew('kept')}again: hello`],
      ['ok', 'again: bye'],
    ]);
    expect(sessions.said).toEqual(['forget', 'hello', 'bye']);
    expect(sessions.open.size).toBe(0); // it was told that the agent is done
  });

  it('name what they answer with and is no text', async () => {
    const running = await service();
    const ready = await begin([{ name: 'again', url }], [use('mcp__again__look_around', {}), { text: 'Done.' }]);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    const [ended] = await dataOf(ready, 'ToolCallEnded');
    expect(ended?.output.split('\n')).toEqual([
      'Look:',
      '[image, image/png, 3 bytes; only text is passed on]',
      'file:///a.pdf [file, application/pdf, 5 bytes; only text is passed on]',
    ]);
  });

  it('are told that nobody waits any more when the run is cancelled, and are not said to have failed', async () => {
    const running = await service();
    const ready = await begin(
      [{ name: 'again', url }],
      [use('mcp__again__echo', { text: 'wait' }), { text: 'Never.' }],
    );
    await eventually(() => held.length === 1);
    await ground.cancel(ready.runId, 'GRACEFUL');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    await running.stop();
    const [ended] = await dataOf(ready, 'ToolCallEnded');
    expect(ended).toMatchObject({ state: 'cancelled', output: 'It was stopped.', error: { code: 'CANCELLED' } });
    await eventually(() => held[0]?.destroyed);
  });

  it('say with which status they answered, and not all of their page', async () => {
    const running = await service();
    const script = [use('mcp__again__echo', { text: 'break' }), { text: 'Done.' }];
    const ready = await begin([{ name: 'again', url }], script);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    const [{ error } = {}] = await dataOf(ready, 'ToolCallEnded');
    expect(error?.message).toMatch(/^The MCP server again is not available: it answered with status 500: <html>/);
    expect(error?.message.length).toBeLessThan(700);
  });

  it.each(['json', 'events'])('are not read on when a message has no end, and are connected anew (%s)', async as => {
    flooded = 0;
    const running = await service();
    const script = [use('mcp__again__echo', { text: `flood as ${as}` }), use('mcp__again__echo', { text: 'less' })];
    const ready = await begin([{ name: 'again', url }], [...script, { text: 'Done.' }]);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    expect(await dataOf(ready, 'ToolCallEnded')).toMatchObject([
      {
        state: 'error',
        error: {
          code: 'RESULT_TOO_LARGE',
          message: expect.stringContaining('server again sent a message of more than 16 MiB') as string,
          fix: expect.stringContaining('less at a time') as string,
        },
      },
      { state: 'ok', output: expect.stringContaining('again: less') as string },
    ]);
    expect(flooded).toBeLessThan(64 * MIB); // what is between the two counts, too
  });

  it('are asked about like other dangerous tools, and a server that dies in a call fails the call', async () => {
    const running = await service();
    const script = [use('mcp__shout__shout', { text: 'die' }), { text: 'Done.' }];
    const asking = await begin([shout()], script, { permissions: 'ASK' });
    await eventually(async () => (await dataOf(asking, 'PermissionRequested')).length === 1);
    await ground.cancel(asking.runId, 'FORCE');
    const ready = await begin([shout()], script);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await ground.end(asking);
    await running.stop();
    expect(await dataOf(ready, 'ToolCallEnded')).toMatchObject([{ state: 'error', error: { code: 'INTEGRATION' } }]);
  });

  const at = (path: string): McpServer => ({ name: 'x', url: `${url}${path}` });
  const closed: McpServer = { name: 'x', url: 'http://127.0.0.1:2/' };
  const secret = { Authorization: { credential: 'nowhere', prefix: 'Bearer ' } };
  it.each<[string, () => McpServer, string]>([
    ['whose program is missing', () => ({ name: 'x', command: ['no-such-program'] }), 'INTEGRATION'],
    ['that ends at once', () => ({ name: 'x', command: ['bash', '-c', 'echo broken >&2; exit 1'] }), 'INTEGRATION'],
    ['without a tool that is needed', () => shout({ needs: ['whisper'] }), 'INTEGRATION'],
    ['that is a web page', () => at('/html'), 'INTEGRATION'],
    ['that nobody answers for', () => closed, 'INTEGRATION'],
    ['at a metadata address', () => ({ name: 'x', url: 'http://169.254.169.254/' }), 'INTEGRATION'],
    ['at a port for mail', () => ({ name: 'x', url: 'http://127.0.0.1:25/' }), 'INTEGRATION'],
    ['that wants to know who asks', () => at('/secret'), 'CREDENTIAL'],
    ['whose credential is not there', () => ({ ...at('/'), headers: secret }), 'CREDENTIAL'],
  ])('block the step: one %s', async (_what, server, code) => {
    const running = await service();
    const ready = await begin([server()], [{ text: 'Never.' }]);
    expect(await ground.end(ready)).toMatchObject({
      outcome: 'BLOCKED',
      error: { code, message: expect.stringContaining('MCP server') },
    });
    await running.stop();
    expect(await dataOf(ready, 'ModelTurnEnded')).toEqual([]);
  });
});
