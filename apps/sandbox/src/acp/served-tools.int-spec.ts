import {
  fromJsonSchema,
  McpServer as RealServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { ApprovalDecided } from '@runledger/contracts';
import type { AgentWork, ApprovalDecision, McpServer } from '@runledger/contracts';
import { streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { readSandboxConfig } from '../sandbox.config.js';
import type { SandboxRuntime } from '../attempt/sandbox-runtime.js';
import { connect, dataOf, installScriptedAgent, scriptedCommand, scriptOf } from './scripted-agent.fixture.js';
import type { Act } from './scripted-agent.fixture.js';

const AT = '2026-11-21T10:00:00.000Z';
const SECRET = 'token-of-the-tickets';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
const INPUT = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] } as const;

describe('what a program has of the platform', () => {
  let ground: Ground;
  let tickets: Server;
  let url: string;
  let running: SandboxRuntime;
  const created: string[] = [];

  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile({ mounts: installScriptedAgent(ground) }));
    tickets = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(tickets, 'listening');
    url = `http://127.0.0.1:${(tickets.address() as AddressInfo).port}/mcp`;
    running = await service();
    await connect(ground, 'over-http', 'acp', { command: scriptedCommand('http', 'asks') });
    await connect(ground, 'over-stdio', 'acp', { command: scriptedCommand() });
    await connect(ground, 'tickets', 'credential', { value: SECRET });
    await running.stop();
  });
  beforeEach(async () => {
    created.splice(0);
    running = await service();
  });
  afterEach(() => running.stop());
  afterAll(async () => {
    tickets.closeAllConnections();
    tickets.close();
    await ground.giveBack();
  });

  /** A real server, which knows its callers. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    if (request.headers.authorization !== `Bearer ${SECRET}`) return void response.writeHead(401).end();
    const body = method === 'POST' ? await text(request) : undefined;
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const server = new RealServer({ name: 'tickets', version: '1' });
    const inputSchema = fromJsonSchema<{ title: string }>(INPUT);
    server.registerTool('create', { description: 'Makes a ticket.', inputSchema }, ({ title }) => {
      created.push(title);
      return { content: [{ type: 'text', text: `T-${created.length}` }] };
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    const wanted = new Request(url, { method, headers, ...(body !== undefined && { body }) });
    const answered = await transport.handleRequest(wanted);
    response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text());
  }

  const service = () =>
    ground.wiredService({
      agents: { ...readSandboxConfig({}).agents, place: 'service', holdMs: 0 },
      privateNetworks: ['127.0.0.0/8'],
    });
  const server = (): McpServer => ({
    name: 'tickets',
    url,
    headers: { Authorization: { credential: 'tickets', prefix: 'Bearer ' } },
  });
  const begin = (acts: readonly Act[], agent: Partial<AgentWork>) =>
    ground.ready({
      runId: newRunId(),
      agent: { provider: 'acp', connection: 'over-http', model: 'default', prompt: scriptOf(acts), ...agent },
    });
  const saidBy = async (ready: ReadyStep) =>
    (await dataOf(ground, ready, 'AgentText')).map(({ text: said }) => said).join('');
  const creates: Act = { use: 'create', server: 'tickets', input: { title: 'Leak' } };

  async function decide(
    ready: ReadyStep,
    decision: ApprovalDecision,
    kind: 'question' | 'permission',
    more: object = {},
  ) {
    const type = kind === 'question' ? 'QuestionAsked' : 'PermissionRequested';
    await eventually(async () => (await dataOf(ground, ready, type)).length > 0);
    const { callId } = (await dataOf(ground, ready, type))[0]!;
    const { runId, step } = ready;
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const calls = [{ step, attempt: 1, callId }];
    const decided = { requestId, runId, step, kind, decision, how: 'PEOPLE', by: ada, calls, shownHash: 'x', ...more };
    await ground.record(streamOf('approval', requestId), runId, [
      ApprovalDecided({ ...decided, decidedAt: AT } as never),
    ]);
  }

  it.each(['over-http', 'over-stdio'])(
    'are the tools of its servers, whose secrets it never sees (%s)',
    async connection => {
      const ready = await begin([creates, { do: 'servers' }], { connection, mcpServers: [server()] });
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
      expect(await saidBy(ready)).toMatch(/^\[create\] T-1\. \[\[\{/);
      expect(created).toEqual(['Leak']);
      const events = await ground.transcript(ready);
      expectWholeTranscript(events);
      expect(JSON.stringify(events)).not.toContain(SECRET);
      expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
        { tool: 'mcp__tickets__create', state: 'ok', output: 'T-1' },
      ]);
    },
  );

  it('are asked about where people are to be asked, once, and not made when they say no', async () => {
    const work = { mcpServers: [server()], dangerousTools: ['mcp__*' as const], permissions: 'ASK' as const };
    const ready = await begin([creates], work);
    await decide(ready, 'DENY', 'permission', { comment: 'not now' });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(await saidBy(ready)).toContain('not now');
    expect(await dataOf(ground, ready, 'PermissionRequested')).toMatchObject([{ tool: 'mcp__tickets__create' }]);
    expect(created).toEqual([]);
  });

  it('ask people, who may take their time: it is ended meanwhile, and hears the answer when it asks again', async () => {
    const question = { question: 'Which colour?', choices: ['red', 'blue'] };
    const asks: Act = { use: 'ask_user', server: 'runledger', input: question };
    const ready = await begin([asks, { say: 'Thank you.' }], { tools: ['ask_user'] });
    await eventually(async () => (await dataOf(ground, ready, 'QuestionAsked')).length > 0);
    await running.stop();
    running = await service();
    await decide(ready, 'ANSWER', 'question', { answer: 'blue' });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: '[ask_user] blue. Thank you.' });
    expect(await dataOf(ground, ready, 'QuestionAsked')).toMatchObject([question]);
    expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
      { tool: 'ask_user', state: 'ok', output: 'blue' },
    ]);
    expectWholeTranscript(await ground.transcript(ready));
  });

  it('start flows where its step says so, after people have allowed it', async () => {
    const starts: Act = { use: 'start_flow', server: 'runledger', input: { flow: 'release' } };
    const ready = await begin([starts], { tools: ['start_flow'] });
    await decide(ready, 'ALLOW_ONCE', 'permission');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    // There is no orchestrator in this specification: what it is told is what nobody answers.
    expect(await saidBy(ready)).toContain('[start_flow] FORBIDDEN: Nothing can be started from here.');
  });

  it('are nothing where the step names nothing, and block it where a server cannot be worked with', async () => {
    const plain = await begin([{ do: 'servers' }], {});
    expect(await ground.end(plain)).toMatchObject({ outcome: 'SUCCESS' });
    expect(await saidBy(plain)).toMatch(/^\[\[\],/);
    const headers = { Authorization: { credential: 'nowhere' } };
    const blocked = await begin([], { mcpServers: [{ name: 'tickets', url, headers }] });
    expect(await ground.end(blocked)).toMatchObject({ outcome: 'BLOCKED', error: { code: 'CREDENTIAL' } });
  });
});
