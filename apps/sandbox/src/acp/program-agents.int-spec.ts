import { ApprovalDecided } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { join } from 'node:path';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { CountedCalls } from '../attempt/counted-calls.fixture.js';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { ServicesWithRunners } from '../runner/services-with-runners.fixture.js';
import { connect, dataOf, installScriptedAgent, scriptedCommand, scriptOf } from './scripted-agent.fixture.js';
import type { Act } from './scripted-agent.fixture.js';

const AT = '2026-11-22T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('the agents that a program starts', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let services: ServicesWithRunners;

  beforeAll(async () => {
    services = await ServicesWithRunners.make();
    ({ calls, ground } = services);
    const counter = { source: join(ground.directory, 'counter'), target: '/counter', mode: 'rw' as const };
    await ground.publishProfile(testProfile({ mounts: [counter, ...installScriptedAgent(ground)] }));
    const connecting = await ground.wiredService();
    await connect(ground, 'over-http', 'acp', { command: scriptedCommand('http', 'usage') });
    await connect(ground, 'over-stdio', 'acp', { command: scriptedCommand('usage') });
    await connecting.stop();
  }, 120_000);
  afterEach(() => services.clear());
  afterAll(() => ground.giveBack());

  type Scripts = (count: (id: string) => string) => readonly Act[];
  const begin = (acts: Scripts, agent: Partial<AgentWork> = {}) =>
    calls.begin(count => ({
      timeoutMs: 120_000,
      agent: {
        ...{ provider: 'acp', connection: 'over-http', model: 'default', prompt: scriptOf(acts(count)) },
        ...{ tools: ['spawn_agents', 'ask_user'], ...agent },
      },
    }));
  const spawn = (...agents: readonly (readonly Act[])[]): Act & { readonly input: object } => ({
    use: 'spawn_agents',
    server: 'runledger',
    input: { agents: agents.map((acts, index) => ({ name: `Agent ${'AB'[index]}`, prompt: scriptOf(acts) })) },
  });
  const made = (ready: ReadyStep, id: string) => eventually(() => calls.counts(ready)[id] !== undefined, 60_000);
  const saidBy = async (ready: ReadyStep, who: string | undefined) =>
    (await dataOf(ground, ready, 'AgentText'))
      .filter(({ agent }) => agent === who)
      .map(({ text }) => text)
      .join('');
  const batches = async (ready: ReadyStep) =>
    (await dataOf(ground, ready, 'ToolCallEnded')).filter(({ tool }) => tool === 'spawn_agents');
  const REPORTS = '[Agent 1, Agent A]\nOne is there.\n\n[Agent 2, Agent B]\nTwo as well.';

  it.each(['over-http', 'over-stdio'])(
    'are the same program in conversations of their own, work in its workspace, report to it and are counted with it (%s)',
    async connection => {
      const ready = await begin(
        () => [
          spawn([{ call: 'one', run: 'echo one > one' }, { say: 'One is there.' }], [{ say: 'Two as well.' }]),
          { call: 'look', run: 'cat one' },
          spawn([{ say: 'Three.' }]),
        ],
        { connection },
      );
      const service = await services.start();
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 4 });
      await service.stop();
      expect((await batches(ready)).map(({ output }) => output)).toEqual([REPORTS, '[Agent 3, Agent A]\nThree.']);
      expect(await saidBy(ready, undefined)).toContain(REPORTS);
      expect(await saidBy(ready, '1')).toBe('One is there.');
      const started = await dataOf(ground, ready, 'ToolCallStarted');
      expect(started.map(({ tool, agent }) => [tool, agent]).sort()).toEqual([
        ['agent', '1'],
        ['agent', '2'],
        ['agent', '3'],
        ['bash', undefined],
        ['bash', '1'],
        ['spawn_agents', undefined],
        ['spawn_agents', undefined],
      ]);
      const whose = async (type: 'AgentSessionOpened' | 'UsageRecorded') =>
        (await dataOf(ground, ready, type)).map(({ agent }) => agent ?? '0').sort();
      expect(await whose('AgentSessionOpened')).toEqual(['0', '1', '2', '3']);
      expect(await whose('UsageRecorded')).toEqual(['0', '0', '1', '2', '3']); // and the time of the sandbox
      expectWholeTranscript((await ground.transcript(ready)).filter(({ type }) => type !== 'ModelTurnEnded'));
    },
    120_000,
  );

  it('go on when service and runner are killed in the middle: what is done is not done again, and nobody has another number', async () => {
    const stuckOnce = 'echo begun; [ -e stuck ] || { touch stuck; sleep 67; }';
    const ready = await begin(count => [
      spawn([{ say: 'Nothing to do.' }]),
      spawn(
        [{ call: 'done', run: count('done') }, { say: 'Two is done.' }],
        [
          { say: 'I begin.' },
          { call: 'before', run: count('before') },
          { call: 'stuck', run: `${count('stuck')}; ${stuckOnce}` },
          { call: 'after', run: count('after') },
          { say: 'Three as well.' },
        ],
      ),
      { say: 'All done.' },
    ]);
    const first = await services.start();
    await made(ready, 'stuck');
    const isOver = async () =>
      (await dataOf(ground, ready, 'ToolCallEnded')).some(({ output }) => output === 'Two is done.');
    await eventually(isOver, 60_000);
    await first.kill();
    const second = await services.start();
    services.working().forEach(runner => runner.kill());
    expect(await ground.end(ready, 90_000)).toMatchObject({ outcome: 'SUCCESS', turns: 4 });
    await second.stop();
    expect(calls.counts(ready)).toEqual({ done: 1, before: 1, stuck: 2, after: 1 });
    expect((await batches(ready)).map(({ output }) => output)).toEqual([
      '[Agent 1, Agent A]\nNothing to do.',
      '[Agent 2, Agent A]\nTwo is done.\n\n[Agent 3, Agent B]\nThree as well.',
    ]);
    expect(await saidBy(ready, '3')).toBe('I begin.Three as well.');
    expect(await dataOf(ground, ready, 'AgentSessionOpened')).toHaveLength(4);
    expectWholeTranscript((await ground.transcript(ready)).filter(({ type }) => type !== 'ModelTurnEnded'));
  }, 180_000);

  it('are asked for once, however often a client loses its patience and asks again', async () => {
    const batch = spawn([{ call: 'slow', run: 'echo x >> log; sleep 3; cat log' }, { say: 'Done.' }]);
    const ready = await begin(() => [
      { ...batch, timeout: 1_500 },
      batch,
      { use: 'await_agents', server: 'runledger', input: {} },
    ]);
    const service = await services.start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await service.stop();
    expect(await batches(ready)).toMatchObject([{ state: 'ok', output: '[Agent 1, Agent A]\nDone.' }]);
    expect((await dataOf(ground, ready, 'ToolCallEnded')).map(({ output }) => output)).toContain('x\n');
    const said = await saidBy(ready, undefined);
    expect(said).toMatch(/Request timed out[^]*\[Agent 1, Agent A\]\nDone\.[^]*No agents are at work/);
  }, 120_000);

  it('have none of their own, are twenty at most, and end with the prompt of whoever does not wait for them', async () => {
    const deeper: Act = { use: 'spawn_agents', server: 'runledger', input: { agents: [{ prompt: 'Deeper.' }] } };
    const many = Array.from({ length: 21 }, () => ({ prompt: 'x' }));
    const ready = await begin(count => [
      spawn([deeper]),
      { use: 'spawn_agents', server: 'runledger', input: { agents: many } },
      { use: 'spawn_agents', server: 'runledger', input: { agents: 'all of them' } },
      { ...spawn([{ call: 'long', run: `${count('long')}; sleep 67` }]), timeout: 4_000 },
      { say: 'I do not wait.' },
    ]);
    const service = await services.start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await service.stop();
    expect(await saidBy(ready, '1')).toMatch(/^\[ask_user\] .*no tool spawn_agents/);
    const ends = await batches(ready);
    expect(ends.map(({ state, error }) => [state, error?.code])).toEqual([
      ['ok', undefined],
      ['error', 'INVALID_TOOL_CALL'],
      ['error', 'INVALID_TOOL_CALL'],
      ['cancelled', undefined],
    ]);
    const events = await ground.transcript(ready);
    const ids = (type: 'ToolCallStarted' | 'ToolCallEnded') =>
      events.flatMap(event => (event.type === type ? [event.data.callId] : [])).sort();
    expect(ids('ToolCallEnded')).toEqual(ids('ToolCallStarted'));
    expect(events.at(-1)!.type).toBe('AttemptEnded');
  }, 120_000);

  it('ask people, alone: everything is ended meanwhile, and goes on with the answer', async () => {
    const question = { question: 'Which colour?', choices: ['red', 'blue'] };
    const asks: Act = { use: 'ask_user', server: 'runledger', input: question };
    const ready = await begin(count => [
      spawn([{ call: 'once', run: count('once') }, asks], [{ say: 'Two as well.' }]),
      { say: 'All done.' },
    ]);
    const service = await services.start({
      ...services.settings,
      agents: { place: 'runner', atStop: 'leave', holdMs: 0 },
    });
    await eventually(async () => (await dataOf(ground, ready, 'QuestionAsked')).length > 0, 60_000);
    await eventually(() => services.working().length === 0, 60_000);
    await answer(ready, 'blue');
    expect(await ground.end(ready, 90_000)).toMatchObject({ outcome: 'SUCCESS' });
    await service.stop();
    expect(calls.counts(ready)).toEqual({ once: 1 });
    expect(await dataOf(ground, ready, 'QuestionAsked')).toMatchObject([{ ...question, agent: '1' }]);
    expect((await batches(ready)).map(({ output }) => output)).toEqual([
      '[Agent 1, Agent A]\n[ask_user] blue.\n\n[Agent 2, Agent B]\nTwo as well.',
    ]);
  }, 120_000);

  async function answer(ready: ReadyStep, said: string): Promise<void> {
    const { runId, step } = ready;
    const [asked] = await dataOf(ground, ready, 'QuestionAsked');
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const of = [{ step, attempt: 1, callId: asked!.callId }];
    const decided = { requestId, runId, step, kind: 'question', decision: 'ANSWER', how: 'PEOPLE', by: ada, calls: of };
    const data = { ...decided, answer: said, shownHash: 'x', decidedAt: AT } as never;
    await ground.record(streamOf('approval', requestId), runId, [ApprovalDecided(data)]);
  }
});
