import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Decide, StartRun, type InputOf } from '@runledger/contracts';
import { reject, streamOf } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { published, story, upToTheGate } from '../runs/run-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const STARTED = 'run_0198f3a0-0000-7000-8000-000000000002';
const ORIGIN = 'https://chat.example.org';

/** A program that speaks the Model Context Protocol, made with the client that its authors publish. */
describe('an MCP client', () => {
  let gateway: TestGateway;
  let ada: string;
  const clients: Client[] = [];
  const started: InputOf<typeof StartRun>[] = [];

  beforeAll(async () => {
    gateway = await testGateway({ corsOrigins: [ORIGIN] });
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-1', runId: RUN }, ...upToTheGate(RUN));
    const commands = gateway.app.get(CommandRegistry, { strict: false });
    commands.answer(StartRun, async (input, { workspaceId }) => {
      started.push(input);
      if (input.flow !== 'release') {
        const refusal = reject('FLOW_NOT_FOUND', 'There is no such flow.', { fix: 'Publish it first.' });
        return { status: 'refused', refusal };
      }
      const output = { runId: STARTED, created: started.length === 1 };
      if (!output.created) return { status: 'accepted', output, position: undefined };
      const place = { workspaceId, stream: streamOf('run', STARTED), runId: STARTED };
      await gateway.tell(place, story(STARTED).started());
      return { status: 'accepted', output, position: undefined };
    });
    commands.answer(Decide, () =>
      Promise.resolve({ status: 'refused', refusal: reject('SHOWN_CHANGED', 'It shows something else by now.') }),
    );
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(client => client.close()));
  });
  afterAll(() => gateway.close());

  const address = () => new URL('/mcp', gateway.url);
  const clientOf = async (token: string, mode: 'legacy' | 'auto' = 'legacy'): Promise<Client> => {
    const client = new Client({ name: 'chat', version: '1' }, { versionNegotiation: { mode } });
    const headers = { authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(address(), { requestInit: { headers } }));
    clients.push(client);
    return client;
  };
  const call = async (token: string, name: string, told: Record<string, unknown> = {}) => {
    const { isError, structuredContent } = await (await clientOf(token)).callTool({ name, arguments: told });
    return { isError: isError === true, said: structuredContent as Record<string, unknown> };
  };

  it.each(['legacy', 'auto'] as const)('finds the tools, and the words for them (%s)', async mode => {
    const client = await clientOf(ada, mode);
    expect(client.getServerVersion()?.name).toBe('runledger');
    expect(client.getInstructions()).toContain('list_flows');
    const { tools } = await client.listTools();
    const named = tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]);
    expect(named).toEqual([
      ['list_flows', true],
      ['preflight', true],
      ['start_flow', false],
      ['get_run', true],
      ['list_inbox', true],
      ['decide', false],
      ['answer_question', false],
    ]);
  });

  it('starts a flow from a chat, once, and follows its run', async () => {
    expect(await call(ada, 'list_flows', { text: 'rel' })).toMatchObject({
      isError: false,
      said: { nodes: [{ slug: 'release', latestVersion: { version: 1, parameters: { type: 'object' } } }] },
    });
    const asked = { flow: 'release', parameters: { target: 'staging' }, idempotencyKey: 'chat-7' };
    for (const _time of [1, 2]) {
      const { isError, said } = await call(ada, 'start_flow', asked);
      expect([isError, said['id']]).toEqual([false, STARTED]);
    }
    expect(started[0]).toMatchObject({ ...asked, trigger: { kind: 'chat', ref: expect.stringMatching(/^tok_/) } });
    const { said } = await call(ada, 'get_run', { id: RUN });
    expect(said).toMatchObject({
      status: 'PAUSED',
      waitingOn: [{ kind: 'DECISION', step: 'deploy', mayAct: 'FLOWS_RUN' }],
      timeline: [{ key: 'build', state: 'COMPLETED', output: { ok: true } }, { key: 'lint' }, { key: 'deploy' }],
    });
  });

  it('is told why something was not done', async () => {
    const declined = await call(ada, 'start_flow', { flow: 'nope' });
    expect(declined).toMatchObject({
      isError: true,
      said: { __typename: 'RunDeclined', code: 'FLOW_NOT_FOUND', fix: 'Publish it first.', retryable: false },
    });
    const { said } = await call(ada, 'list_inbox');
    const [request] = said['nodes'] as { id: string; shownHash: string }[];
    const decision = { requestId: request?.id, shownHash: request?.shownHash, decision: 'APPROVE' };
    expect(await call(ada, 'decide', decision)).toMatchObject({ isError: true, said: { code: 'SHOWN_CHANGED' } });
    const client = await clientOf(ada);
    const odd = await client.callTool({ name: 'get_run', arguments: { id: RUN, workspace: 'ws_other' } });
    expect(odd.isError).toBe(true);
  });

  it('sees and does what its token may, and nothing of another workspace (G2)', async () => {
    const stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    expect(await call(stranger, 'get_run', { id: RUN })).toMatchObject({ isError: true, said: { code: 'NOT_FOUND' } });
    expect((await call(stranger, 'list_flows')).said).toMatchObject({ nodes: [] });
    expect((await call(stranger, 'list_inbox')).said).toMatchObject({ nodes: [] });
    const reader = await gateway.tokenFor('ws_acme', 'mem_rob', ['flows.read']);
    expect((await call(reader, 'get_run', { id: RUN })).isError).toBe(false);
    const before = started.length;
    expect(await call(reader, 'start_flow', { flow: 'release' })).toMatchObject({
      isError: true,
      said: { code: 'FORBIDDEN', fix: expect.stringContaining('flows.run') },
    });
    expect(started).toHaveLength(before);
    await expect(clientOf('rl_forged_token')).rejects.toThrow('UNAUTHENTICATED');
  });

  const post = (headers: Record<string, string>, body: unknown) =>
    fetch(address(), {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${ada}`, 'content-type': 'application/json' },
        ...{ accept: 'application/json, text/event-stream', ...headers },
      },
      body: JSON.stringify(body),
    });
  const PING = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };

  it.each([
    ['a page of a foreign origin', { origin: 'https://evil.example.org' }, 403],
    ['a page that lets its name stand for this machine', { origin: 'http://evil.example.org:4000' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a page that may call the API', { origin: ORIGIN }, 200],
    ['a page of this machine', { origin: 'http://localhost:5173' }, 200],
    ['nobody', { authorization: '' }, 401],
  ])('lets %s in or not', async (_who, headers, status) => {
    const response = await post(headers, PING);
    expect([response.status, (await response.text()).includes('start_flow')]).toEqual([status, status === 200]);
  });

  it('sends one message at a time, by POST', async () => {
    const batch = await post({}, [PING, PING]);
    expect([batch.status, await batch.text()]).toEqual([400, expect.stringContaining('BAD_USER_INPUT')]);
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(address(), { method, headers: { authorization: `Bearer ${ada}` } });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
      await response.arrayBuffer();
    }
    const broken = await post({}, 'nonsense');
    expect(broken.status).toBeGreaterThanOrEqual(400);
    expect(await broken.text()).not.toMatch(/\bat .*\.[jt]s:\d/);
  });
});
