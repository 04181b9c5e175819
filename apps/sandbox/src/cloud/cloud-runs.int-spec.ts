import { RunPaused, RunResumed } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { connect, dataOf } from '../acp/scripted-agent.fixture.js';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { SandboxRuntime } from '../attempt/sandbox-runtime.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { CursorServer } from './cursor-server.fixture.js';
import type { CloudScript } from './cursor-server.fixture.js';

const AT = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('an agent that works on machines of Cursor', () => {
  let ground: Ground;
  let cursor: CursorServer;
  let running: SandboxRuntime;
  beforeAll(async () => {
    ground = await Ground.make();
    cursor = new CursorServer();
    await cursor.listen();
    await ground.publishProfile(testProfile());
    const first = await ground.wiredService();
    await connect(ground, 'cloud', 'cursor-cloud', { apiKey: cursor.key, baseUrl: cursor.url, pullRequests: 'yes' });
    await connect(ground, 'stale', 'cursor-cloud', { apiKey: 'crsr_old', baseUrl: cursor.url });
    await first.stop();
  });
  beforeEach(() => {
    cursor.refusal = undefined;
    [cursor.agents, cursor.made, cursor.requests].forEach(list => list.splice(0));
  });
  afterEach(() => running.stop());
  afterAll(async () => {
    await ground.giveBack();
    await cursor.close();
  });

  const begin = (script: CloudScript, agent: Partial<AgentWork> = {}, step: Partial<ReadyStep> = {}) =>
    ground.ready({
      runId: newRunId(),
      agent: {
        provider: 'cursor-cloud',
        connection: 'cloud',
        model: 'default',
        prompt: JSON.stringify(script),
        ...agent,
      },
      ...step,
    });
  const textOf = async (ready: ReadyStep) =>
    (await dataOf(ground, ready, 'AgentText')).map(({ text }) => text).join('');
  const reads = { callId: 'c1', name: 'read_file', args: { path: 'README.md' } };
  const told = [
    ['thinking', { text: 'I have to ' }],
    ['thinking', { text: 'look.' }],
    ['assistant', { text: 'I look' }],
    ['assistant', { text: ' at it.' }],
    ['tool_call', { ...reads, status: 'running' }],
    ['heartbeat', {}],
    ['tool_call', { ...reads, status: 'completed', result: { success: { content: 'hello' } } }],
    ['assistant', { text: 'Done.' }],
  ] as const;
  async function expectToldOnce(ready: ReadyStep): Promise<void> {
    expectWholeTranscript(await ground.transcript(ready));
    expect((await dataOf(ground, ready, 'AgentThinking')).map(({ text }) => text).join('')).toBe('I have to look.');
    expect(await textOf(ready)).toBe('I look at it.Done.');
    expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
      { tool: 'read_file', state: 'ok', output: '{"success":{"content":"hello"}}' },
    ]);
  }

  it('is shown as any agent is, although its stream breaks off, and says where its work is', async () => {
    running = await ground.wiredService();
    const ready = await begin(
      { events: told, result: 'Done.', branch: 'cursor/readme', drop: 3 },
      { model: 'composer-2' },
    );
    expect(await ground.end(ready)).toMatchObject({
      ...{ outcome: 'SUCCESS', turns: 1, summary: 'Done.' },
      output: { branches: [{ branch: 'cursor/readme', pullRequest: 'https://git.example/acme/app/pull/7' }] },
    });
    await expectToldOnce(ready);
    const [session] = await dataOf(ground, ready, 'AgentSessionOpened');
    const { sessionId } = session!;
    expect(session).toMatchObject({
      url: `https://cursor.com/agents?id=${sessionId}`,
      sessionId: cursor.agents[0]!.id,
    });
    expect(cursor.made).toMatchObject([{ agentId: sessionId, key: sessionId, model: { id: 'composer-2' } }]);
    expect((await dataOf(ground, ready, 'InfoRecorded')).map(({ text }) => text)).toEqual([
      'It has pushed to the branch cursor/readme of https://git.example/acme/app. Pull request: https://git.example/acme/app/pull/7',
    ]);
    const usage = {
      provider: 'subscription',
      inputTokens: 100,
      outputTokens: 20,
      cacheReadTokens: 5,
      cacheWriteTokens: 1,
    };
    expect(await dataOf(ground, ready, 'UsageRecorded')).toMatchObject([{ usage }, { usage: { kind: 'compute' } }]);
    expect(JSON.stringify(await ground.transcript(ready))).not.toContain(cursor.key);
  });

  it('works on while the service is gone, and is taken up again: one agent, nothing twice, nothing left out', async () => {
    running = await ground.wiredService();
    const ready = await begin({ events: told, result: 'Done.', hold: 6 });
    await eventually(async () => (await dataOf(ground, ready, 'ToolCallStarted')).length > 0);
    await running.stop();
    cursor.letGo();
    running = await ground.wiredService();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    await expectToldOnce(ready);
    expect(cursor.made).toHaveLength(1);
    expect(await dataOf(ground, ready, 'AgentSessionOpened')).toHaveLength(1);
  });

  it('works on while its run is paused, and is followed again afterwards', async () => {
    running = await ground.wiredService();
    const ready = await begin({ events: told, result: 'Done.', hold: 6 });
    const { runId } = ready;
    await eventually(async () => (await dataOf(ground, ready, 'ToolCallStarted')).length > 0);
    await ground.publish(runId, RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: AT }));
    await eventually(async () => (await running.load()).executing === 0);
    expect(cursor.agents[0]!.runs[0]!.status).toBe('RUNNING');
    cursor.letGo();
    await ground.publish(runId, RunResumed({ runId, retried: [], by: ada, resumedAt: AT }));
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    await expectToldOnce(ready);
    expect(cursor.made).toHaveLength(1);
  });

  it.each(['agent', 'other-agent'] as const)(
    'is not begun a second time when nobody heard that it was begun (%s)',
    async silent => {
      running = await ground.wiredService();
      const ready = await begin({ events: told, result: 'Done.', silent });
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
      expect(cursor.agents).toHaveLength(1);
      const sessions = await dataOf(ground, ready, 'AgentSessionOpened');
      expect(sessions.at(-1)!.sessionId).toBe(cursor.agents[0]!.id);
    },
  );

  it('is told more when changes are requested, and is sent back with an output that does not fit', async () => {
    running = await ground.wiredService();
    const ready = await begin({ result: 'First.' });
    await ground.end(ready);
    const schema = { type: 'object', properties: { done: { type: 'boolean' } }, required: ['done'] };
    const prompt = JSON.stringify({ result: '```json\n{ "done": "perhaps" }\n```' });
    const agent = { provider: 'cursor-cloud', connection: 'cloud', model: 'default', prompt } as const;
    const again = await ground.ready({ ...ready, attempt: 2, agent, output: { schema, passes: 1 } });
    await ground.end(again);
    expect(cursor.agents).toHaveLength(1);
    expect(cursor.made.map(({ prompt: asked }) => (asked as { text: string }).text)).toEqual([
      '{"result":"First."}',
      expect.stringContaining('perhaps'),
      expect.stringContaining('/done'),
    ]);
    expect(await textOf(again)).toMatch(/^```json/);
  });

  it('says what it came to where its stream is not kept any more', async () => {
    running = await ground.wiredService();
    const ready = await begin({ result: 'All is well.', expired: true });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'All is well.' });
    const failing = await begin({ result: 'No way.', status: 'ERROR' });
    expect(await ground.end(failing)).toMatchObject({ outcome: 'ERROR', error: { code: 'AGENT_FAILED' } });
    expect(await textOf(ready)).toBe('All is well.');
  });

  it('is cancelled at Cursor when its run is', async () => {
    running = await ground.wiredService();
    const ready = await begin({ events: told, hold: 4 });
    await eventually(async () => (await textOf(ready)) === 'I look at it.');
    await ground.cancel(ready.runId, 'GRACEFUL');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    expect(cursor.agents[0]!.runs[0]!.status).toBe('CANCELLED');
  });

  it('goes on as the same agent in the attempt after one that was blocked', async () => {
    running = await ground.wiredService();
    const blocked = await begin({ result: 'Done.' }, { connection: 'stale' });
    await ground.end(blocked);
    const agent = { ...blocked.agent!, connection: 'cloud' };
    const again = await ground.ready({ ...blocked, attempt: 2, agent });
    expect(await ground.end(again)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    const [wanted] = await dataOf(ground, blocked, 'AgentSessionOpened');
    expect(cursor.agents.map(({ id }) => id)).toEqual([wanted!.sessionId]);
  });

  it('blocks its step for a credential, and waits as long as it is told to', async () => {
    running = await ground.wiredService();
    const refused = await begin({}, { connection: 'stale' });
    expect(await ground.end(refused)).toMatchObject({ outcome: 'BLOCKED', error: { code: 'auth', needs: 'stale' } });
    const missing = await begin({}, { connection: 'nowhere' });
    expect(await ground.end(missing)).toMatchObject({ outcome: 'BLOCKED', error: { code: 'PROVIDER_NOT_CONNECTED' } });
    const asking = await begin({}, { permissions: 'ASK' });
    expect(await ground.end(asking)).toMatchObject({ outcome: 'BLOCKED', error: { code: 'ENVIRONMENT' } });
    cursor.refusal = { status: 429, headers: { 'retry-after': '3600' } };
    const limited = await begin({});
    await eventually(async () =>
      (await dataOf(ground, limited, 'InfoRecorded')).some(({ text }) => text.includes('put down and goes on at')),
    );
    expect(cursor.agents).toEqual([]);
  });
});
