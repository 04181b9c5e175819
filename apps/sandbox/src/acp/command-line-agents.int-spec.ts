import { ApprovalDecided, GrantMade, RunPaused, RunResumed } from '@runledger/contracts';
import type { AgentWork, ApprovalDecision } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expectWholeTranscript, outputOf } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { readSandboxConfig } from '../sandbox.config.js';
import { connect, dataOf, installScriptedAgent, scriptedCommand, scriptOf } from './scripted-agent.fixture.js';
import type { Act } from './scripted-agent.fixture.js';

const WORKSPACE = 'ws_test';
const AT = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('an agent that is a program of its own', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile({ mounts: installScriptedAgent(ground) }));
    const first = await service();
    await connect(ground, 'plain', 'acp', { command: scriptedCommand('usage'), subscription: 'yes' });
    await connect(ground, 'forgetful', 'acp', { command: scriptedCommand('no-load') });
    await connect(ground, 'stranger', 'acp', { command: scriptedCommand('signed-out') });
    await connect(ground, 'missing', 'acp', { command: 'no-such-program --acp' });
    await first.stop();
  });
  afterAll(() => ground.giveBack());

  /** Nobody is kept waiting: each question ends the program. */
  const service = () =>
    ground.wiredService(
      { agents: { ...readSandboxConfig({}).agents, place: 'service', holdMs: 0 } },
      { maxAttempts: 2 },
    );
  const begin = (acts: readonly Act[], agent: Partial<AgentWork> = {}, step: Partial<ReadyStep> = {}) =>
    ground.ready({
      runId: newRunId(),
      agent: { provider: 'acp', connection: 'plain', model: 'default', prompt: scriptOf(acts), ...agent },
      ...step,
    });

  it('shows what it says, thinks, plans, runs and changes as any agent does', async () => {
    const running = await service();
    const diff = { path: '/workspace/a.txt', oldText: 'one\ntwo\n', newText: 'one\nzwei\n' };
    const ready = await begin([
      { think: 'I have to look first.' },
      { say: 'I look.' },
      {
        plan: [
          { content: 'look', status: 'completed' },
          { content: 'change', status: 'in_progress' },
        ],
      },
      { do: 'garbage' },
      { call: 'look', run: 'echo here; pwd' },
      { call: 'change', kind: 'edit', input: { file_path: '/workspace/a.txt' }, diff },
      { call: 'break', run: 'exit 3' },
      { say: 'Done and looked at.' },
    ]);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 1, summary: 'Done and looked at.' });
    await running.stop();
    const events = await ground.transcript(ready);
    expectWholeTranscript(events);
    expect(await dataOf(ground, ready, 'AgentSessionOpened')).toMatchObject([{ program: 'Scripted 1.0' }]);
    expect((await dataOf(ground, ready, 'AgentThinking')).map(({ text }) => text).join('')).toBe(
      'I have to look first.',
    );
    expect((await dataOf(ground, ready, 'AgentText')).map(({ text }) => text).join('')).toBe(
      'I look.Done and looked at.',
    );
    const ends = await dataOf(ground, ready, 'ToolCallEnded');
    expect(ends.map(({ tool, state, output, exitCode }) => [tool, state, output, exitCode])).toEqual([
      ['todo_write', 'ok', 'The list has 2 items, 1 of them completed.', undefined],
      ['bash', 'ok', 'here\n/workspace\n', 0],
      ['edit_file', 'ok', 'a.txt was changed.', 0],
      ['bash', 'error', '', 3],
    ]);
    const started = await dataOf(ground, ready, 'ToolCallStarted');
    expect(started.map(({ detail }) => detail?.kind)).toEqual(['todo', undefined, 'diff', undefined]);
    expect(started[2]!.detail).toMatchObject({ path: 'a.txt', diff: expect.stringContaining('-two\n+zwei') as string });
    expect(outputOf(events, started[1]!.callId)).toBe('here\n/workspace\n');
    const usage = {
      provider: 'subscription',
      inputTokens: 20,
      outputTokens: 3,
      reasoningTokens: 2,
      cacheReadTokens: 8,
    };
    expect(await dataOf(ground, ready, 'UsageRecorded')).toMatchObject([{ usage }, { usage: { kind: 'compute' } }]);
  });

  const asked = (ready: ReadyStep) =>
    eventually(async () => (await dataOf(ground, ready, 'PermissionRequested')).length > 0);

  async function tell(name: string, runId: string, { type, data }: DomainEvent): Promise<void> {
    const metadata = { correlationId: runId, causationId: runId, actor: ada, workspaceId: WORKSPACE, occurredAt: AT };
    const event = { id: newUuid(), type, data, metadata: { ...metadata, schemaVersion: 1 } };
    await ground.store.append({ tenant: WORKSPACE, name }, [event], 'any');
  }

  async function decide(ready: ReadyStep, decision: ApprovalDecision, comment?: string): Promise<void> {
    const { callId } = (await dataOf(ground, ready, 'PermissionRequested'))[0]!;
    const { runId, step } = ready;
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const calls = [{ step, attempt: 1, callId }];
    const decided = { requestId, runId, step, kind: 'permission', decision, how: 'PEOPLE', by: ada, calls } as const;
    const data = { ...decided, shownHash: 'x', ...(comment && { comment }), decidedAt: AT };
    await tell(streamOf('approval', requestId), runId, ApprovalDecided(data));
  }

  const asking = { permissions: 'ASK' } as const;
  const writes: Act = { call: 'write', run: 'echo once >> log; cat log', ask: true };

  it('is ended while it waits for people, is asked about once although its service stops, and then does it once', async () => {
    const first = await service();
    const ready = await begin([{ say: 'I need it.' }, writes, { say: 'Done.' }], asking);
    await asked(ready);
    const meanwhile = await begin([{ say: 'Not stopped by it.' }]);
    expect((await ground.end(meanwhile)).outcome).toBe('SUCCESS');
    await first.stop();
    const second = await service();
    await decide(ready, 'ALLOW_ONCE');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    await second.stop();
    expectWholeTranscript(await ground.transcript(ready));
    expect(await dataOf(ground, ready, 'PermissionRequested')).toMatchObject([
      { tool: 'bash', arguments: { command: 'echo once >> log; cat log' } },
    ]);
    expect(await dataOf(ground, ready, 'AnswerReceived')).toMatchObject([{ decision: 'ALLOW_ONCE', by: ada }]);
    expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
      { tool: 'bash', state: 'ok', output: 'once\n' },
    ]);
    expect((await dataOf(ground, ready, 'AgentText')).map(({ text }) => text).join('')).toBe('I need it.Done.');
    expect(await dataOf(ground, ready, 'AgentSessionOpened')).toHaveLength(1);
  });

  it('is told that a call was denied, and goes on', async () => {
    const running = await service();
    const ready = await begin([writes, { say: 'Then not.' }], asking);
    await asked(ready);
    await decide(ready, 'DENY', 'leave my files alone');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Then not.' });
    await running.stop();
    const message = 'Ada denied this call: leave my files alone';
    expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
      { state: 'error', error: { code: 'DENIED', message } },
    ]);
  });

  it('needs no answer where a grant covers the call, or nobody wants to be asked', async () => {
    const running = await service();
    const grant = { grantId: 'gra_1', scope: 'workspace', runId: 'run_1', requestId: 'apr_1', tool: 'bash' } as const;
    const made = GrantMade({ ...grant, pattern: 'echo granted *', by: ada, madeAt: AT });
    await tell(streamOf('grants', WORKSPACE), 'run_1', made);
    const covered = await begin([{ call: 'write', run: 'echo granted it', ask: true }], asking);
    const trusted = await begin([writes]);
    for (const ready of [covered, trusted]) {
      expect((await ground.end(ready)).outcome).toBe('SUCCESS');
      expect(await dataOf(ground, ready, 'PermissionRequested')).toEqual([]);
      expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([{ state: 'ok' }]);
    }
    await running.stop();
    expect(await dataOf(ground, covered, 'CallAutoResolved')).toMatchObject([{ grantId: 'gra_1', grantedBy: ada }]);
  });

  it('is asked again for an output that does not fit', async () => {
    const running = await service();
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    const say = '```json\n{"n": "one"}\n```';
    const ready = await begin([{ say }], {}, { output: { schema, passes: 1 } });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'PARTIAL', turns: 2, error: { code: 'OUTPUT_MISSING' } });
    const good = await begin([{ say: 'Here.\n```json\n{"n": 1}\n```' }], {}, { output: { schema, passes: 1 } });
    expect(await ground.end(good)).toMatchObject({ outcome: 'SUCCESS', output: { n: 1 }, summary: 'Here.' });
    await running.stop();
  });

  it('uses a key that is nowhere in its sandbox', async () => {
    const keys: unknown[] = [];
    const vendor = createServer((request, response) => {
      keys.push(request.headers['x-api-key']);
      response.end(`asked for ${request.url}`);
    }).listen(0, '127.0.0.1');
    await once(vendor, 'listening');
    const running = await service();
    const baseUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    await connect(ground, 'claude', 'claude-code', { command: scriptedCommand(), apiKey: 'sk-very-secret', baseUrl });
    const look: Act = {
      call: 'look',
      run: 'env; cat /proc/*/environ /proc/*/cmdline; grep -r very-secret ~ /tmp || echo clean',
    };
    const ready = await begin([{ do: 'fetch' }, { do: 'env' }, look], {
      provider: 'claude-code',
      connection: 'claude',
    });
    const ended = await ground.end(ready).finally(() => vendor.close());
    expect(ended).toMatchObject({ outcome: 'SUCCESS' });
    await running.stop();
    expect(keys).toEqual(['sk-very-secret']);
    const events = JSON.stringify(await ground.transcript(ready));
    expect(events).toContain('200 asked for /v1/messages');
    expect(events).toContain('ANTHROPIC_BASE_URL');
    expect(events).toContain('clean');
    expect(events).not.toContain('sk-very-secret');
    const notes = (await dataOf(ground, ready, 'InfoRecorded')).map(({ text }) => text);
    expect(notes).toContain(`Network: POST 127.0.0.1:${new URL(baseUrl).port} was allowed.`);
    // What it used is unknown, and recorded as just that.
    expect((await dataOf(ground, ready, 'UsageRecorded')).map(({ usage }) => usage)).toMatchObject([
      { kind: 'model', provider: 'anthropic', inputTokens: 0, outputTokens: 0 },
      { kind: 'compute' },
    ]);
  });

  it('finds a sign-in that it was given where it looks for it, in the memory of its own call', async () => {
    const running = await service();
    await connect(ground, 'codex', 'codex', { command: scriptedCommand(), login: '{"tokens":"of-mine"}' });
    const look: Act = {
      call: 'look',
      run: 'cat ~/.codex/auth.json; df --output=fstype ~/.codex/auth.json | tail -1; env',
    };
    const ready = await begin([look], { provider: 'codex', connection: 'codex' });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    const [shown] = await dataOf(ground, ready, 'ToolCallEnded');
    expect(shown!.output).toMatch(/^\{"tokens":"of-mine"\}tmpfs\n/);
    expect(shown!.output.match(/of-mine/g)).toHaveLength(1);
    await running.stop();
  });

  it('is ended when its run is paused, and goes on with its conversation afterwards', async () => {
    const running = await service();
    const lines = Array.from({ length: 12 }, (_, line) => line);
    const calls = lines.map((line): Act => ({ call: `line-${line}`, run: `sleep 0.2; echo ${line} >> log` }));
    const ready = await begin([...calls, { call: 'read', run: 'cat log' }, { say: 'Done.' }]);
    const { runId } = ready;
    await eventually(async () => (await dataOf(ground, ready, 'ToolCallEnded')).length > 0);
    await ground.publish(runId, RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: AT }));
    await eventually(async () => (await running.load()).executing === 0);
    expect(await dataOf(ground, ready, 'AttemptEnded')).toEqual([]);
    await ground.publish(runId, RunResumed({ runId, retried: [], by: ada, resumedAt: AT }));
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    await running.stop();
    expectWholeTranscript(await ground.transcript(ready));
    const last = (await dataOf(ground, ready, 'ToolCallEnded')).at(-1);
    expect(last).toMatchObject({ state: 'ok', output: lines.map(line => `${line}\n`).join('') });
    expect(await dataOf(ground, ready, 'AttemptResumed')).toHaveLength(1);
  });

  it('is told to stop, and stopped, when its run is cancelled', async () => {
    const running = await service();
    const ready = await begin([{ call: 'wait', run: 'echo on; sleep 67' }, { say: 'Never.' }]);
    await eventually(async () => (await dataOf(ground, ready, 'ToolOutput')).length > 0);
    await ground.cancel(ready.runId, 'GRACEFUL');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    await running.stop();
    expect(await dataOf(ground, ready, 'ToolCallEnded')).toHaveLength(1);
    expectWholeTranscript(await ground.transcript(ready));
  });

  it('ends with a word about what to do when it cannot work', async () => {
    const running = await service();
    const cases: [Promise<ReadyStep>, object][] = [
      [
        begin([{ do: 'crash' }]),
        { outcome: 'ERROR', error: { code: 'AGENT_ENDED', message: expect.stringContaining('it hurts') as string } },
      ],
      [begin([{ do: 'hang' }], {}, { timeoutMs: 3_000 }), { outcome: 'ERROR', error: { code: 'TIMEOUT' } }],
      [begin([{ fail: { code: -32_603, message: 'no idea' } }]), { outcome: 'ERROR', error: { code: 'AGENT_FAILED' } }],
      [
        begin([{ fail: { code: -32_603, message: 'Credit balance is too low' } }]),
        { outcome: 'BLOCKED', error: { code: 'quota' } },
      ],
      [begin([], { connection: 'stranger' }), { outcome: 'BLOCKED', error: { code: 'auth', needs: 'stranger' } }],
      [
        begin([], { connection: 'missing' }),
        {
          outcome: 'BLOCKED',
          error: { code: 'ENVIRONMENT', fix: expect.stringContaining('Install no-such-program') as string },
        },
      ],
      [begin([], { connection: 'nobody' }), { outcome: 'BLOCKED', error: { code: 'PROVIDER_NOT_CONNECTED' } }],
    ];
    for (const [ready, end] of cases) expect(await ground.end(await ready)).toMatchObject(end);
    await running.stop();
  });
});
