import type { AgentWork, ApprovalDecision, AttemptEvent } from '@runledger/contracts';
import { ApprovalDecided } from '@runledger/contracts';
import { streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { SandboxRuntime } from '../attempt/sandbox-runtime.js';
import { BARE_IMAGE, IMAGE } from '../container/kubernetes-pods.fixture.js';
import { FakeCluster, NAMESPACE } from '../container/kubernetes.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { readSandboxConfig } from '../sandbox.config.js';
import { connect, dataOf, installScriptedAgent, scriptedCommand, scriptOf } from './scripted-agent.fixture.js';
import type { Act } from './scripted-agent.fixture.js';

const KEY = 'sk-never-in-a-pod';
const AT = '2026-11-22T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
const canRun = process.getuid?.() === 0 && existsSync('/usr/bin/bwrap');
const described = canRun ? describe : describe.skip;

described(`a program in a pod${canRun ? '' : ' (needs root and bwrap)'}`, () => {
  let ground: Ground;
  let cluster: FakeCluster;
  let vendor: Server;
  let running: SandboxRuntime;
  const keys: unknown[] = [];

  beforeAll(async () => {
    ground = await Ground.make();
    const [mount] = installScriptedAgent(ground);
    const node = { '/opt/node/bin/node': process.execPath };
    cluster = new FakeCluster({ files: { [mount!.target]: mount!.source, ...node } });
    const kubeconfig = await cluster.start();
    vendor = createServer((request, response) => {
      keys.push(request.headers['x-api-key']);
      request.resume().once('end', () => {
        const usage = { input_tokens: 10, output_tokens: 5 };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ usage }));
      });
    }).listen(0, '127.0.0.1');
    await once(vendor, 'listening');
    const baseUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    const kubernetes = { namespace: NAMESPACE, kubeconfig, deadlineSeconds: 600 };
    const agents = { ...readSandboxConfig({}).agents, place: 'service', holdMs: 0 } as const;
    running = await ground.wiredService({ kubernetes, agents });
    for (const [slug, image] of [
      ['pod', IMAGE],
      ['bare', BARE_IMAGE],
    ] as const) {
      await ground.publishProfile(testProfile({ slug, isolation: 'kubernetes', image }));
    }
    await connect(ground, 'plain', 'acp', { command: scriptedCommand('http') });
    await connect(ground, 'over-stdio', 'acp', { command: scriptedCommand() });
    await connect(ground, 'claude', 'claude-code', { command: scriptedCommand('http'), apiKey: KEY, baseUrl });
    await connect(ground, 'token', 'claude-code', { command: scriptedCommand('http'), token: `${KEY}-token` });
  }, 60_000);
  afterAll(async () => {
    await running.stop();
    await cluster.stop();
    vendor.close();
    await ground.giveBack();
  }, 60_000);

  const begin = (acts: readonly Act[], agent: Partial<AgentWork> = {}, profile = 'pod') =>
    ground.ready({
      ...{ runId: newRunId(), profile, timeoutMs: 120_000 },
      agent: {
        ...{ provider: 'acp', connection: 'plain', model: 'default', prompt: scriptOf(acts) },
        ...{ tools: ['spawn_agents', 'ask_user'], ...agent },
      },
    });
  const spawn = (...agents: readonly (readonly Act[])[]): Act => ({
    use: 'spawn_agents',
    server: 'runledger',
    input: { agents: agents.map((acts, index) => ({ name: `Agent ${index + 1}`, prompt: scriptOf(acts) })) },
  });
  const saidBy = async (ready: ReadyStep) =>
    (await dataOf(ground, ready, 'AgentText'))
      .filter(({ agent }) => agent === undefined)
      .map(({ text }) => text)
      .join('');
  async function answer(ready: ReadyStep, decision: ApprovalDecision, said: object): Promise<void> {
    const { callId } = (await dataOf(ground, ready, 'QuestionAsked'))[0]!;
    const { runId, step } = ready;
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const decided = { requestId, runId, step, kind: 'question', decision, how: 'PEOPLE', by: ada, shownHash: 'x' };
    const calls = [{ step, attempt: 1, callId }];
    await ground.record(streamOf('approval', requestId), runId, [
      ApprovalDecided({ ...decided, ...said, calls, decidedAt: AT } as never),
    ]);
  }
  /** Turns of other agents are counted for each. */
  const isItsOwn = ({ data }: AttemptEvent): boolean => !('agent' in data);
  /** What runs in the pods, and what the cluster was asked. */
  const inThePods = (): string => JSON.stringify([cluster.asked, cluster.pods]);

  it.each(['plain', 'over-stdio'])(
    'starts agents that work in its pod, and has their reports (%s)',
    async connection => {
      const acts = [
        spawn([{ call: 'write', run: 'echo one > one' }, { say: 'One is there.' }], [{ say: 'Two as well.' }]),
        { call: 'look', run: 'cat one' },
      ];
      const ready = await begin(acts, { connection });
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
      expect(await saidBy(ready)).toContain('One is there.\n\n[Agent 2, Agent 2]\nTwo as well.');
      const events = await ground.transcript(ready);
      expectWholeTranscript(events.filter(isItsOwn));
      expect(events[0]?.data).toMatchObject({ driver: 'kubernetes' });
      await ground.completed(ready.runId);
      await eventually(() =>
        cluster.pods.every(pod => pod.metadata?.annotations?.['runledger.dev/run'] !== ready.runId),
      );
    },
    90_000,
  );

  it('asks people, and is told when it asks again', async () => {
    const asks: Act = { use: 'ask_user', server: 'runledger', input: { question: 'Which?', choices: ['a', 'b'] } };
    const ready = await begin([asks, { say: 'Thanks.' }]);
    await eventually(async () => (await dataOf(ground, ready, 'QuestionAsked')).length > 0, 60_000);
    await answer(ready, 'ANSWER', { answer: 'b' });
    expect(await ground.end(ready)).toMatchObject({
      outcome: 'SUCCESS',
      summary: expect.stringMatching(/ b\. Thanks\.$/) as string,
    });
  }, 90_000);

  it('uses its model with a key that is in no pod, and in no address that a cluster writes down', async () => {
    const look: Act = {
      call: 'look',
      run: 'cat /proc/*/environ /proc/*/cmdline; grep -rs never-in-a-pod ~ /tmp || echo none',
    };
    const ready = await begin([{ do: 'fetch' }, look], {
      ...{ provider: 'claude-code', connection: 'claude', model: 'sonnet', tools: [] },
    });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(await saidBy(ready)).toMatch(/^200 .*output_tokens/);
    expect(keys).toEqual([KEY]);
    const told = JSON.stringify(await ground.transcript(ready));
    expect(told).toContain('ANTHROPIC_BASE_URL');
    expect(told).toContain('none');
    expect(told).not.toContain(KEY);
    expect(inThePods()).not.toContain(KEY);
    expect((await dataOf(ground, ready, 'UsageRecorded')).map(({ usage }) => usage)).toContainEqual(
      expect.objectContaining({ inputTokens: 10, outputTokens: 5 }),
    );
  }, 90_000);

  it('is given a token that has to be in its environment in no address either', async () => {
    const ready = await begin([{ do: 'env' }], {
      ...{ provider: 'claude-code', connection: 'token', model: 'default', tools: [] },
    });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(await saidBy(ready)).toContain(`"CLAUDE_CODE_OAUTH_TOKEN":"${KEY}-token"`);
    expect(inThePods()).not.toContain(KEY);
  }, 90_000);

  it('is blocked with what to add when nothing in its image can listen for it', async () => {
    const ready = await begin([], { connection: 'plain' }, 'bare');
    expect(await ground.end(ready)).toMatchObject({
      outcome: 'BLOCKED',
      error: { code: 'IMAGE_UNUSABLE', fix: 'Add one of node, perl, python3 to the image.' },
    });
  }, 90_000);

  it('goes on with its conversation when the API server is started again in the middle of it', async () => {
    const before = { call: 'before', run: 'echo x >> count; cat count' };
    const long = { call: 'long', run: 'touch long; until [ -e go ]; do sleep 0.1; done; echo long' };
    const ready = await begin([before, long, spawn([{ call: 'count', run: 'cat count' }, { say: 'Counted.' }])]);
    const workspace = await eventually(() => cluster.volume(ready.runId, 'workspace') ?? false, 30_000);
    await eventually(() => existsSync(join(workspace as string, 'long')), 60_000);
    cluster.dropConnections();
    await eventually(async () => (await dataOf(ground, ready, 'AttemptResumed')).length > 0, 30_000);
    writeFileSync(join(workspace as string, 'go'), '');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(readFileSync(join(workspace as string, 'count'), 'utf8')).toBe('x\n');
    expect(await saidBy(ready)).toContain('Counted.');
    expectWholeTranscript((await ground.transcript(ready)).filter(isItsOwn));
  }, 120_000);
});
