import { eventually } from '@runledger/testing';
import { join } from 'node:path';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { CountedCalls } from '../attempt/counted-calls.fixture.js';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { allow, connect, dataOf, installScriptedAgent, scriptedCommand, scriptOf } from './scripted-agent.fixture.js';
import type { Act } from './scripted-agent.fixture.js';
import { ServicesWithRunners } from '../runner/services-with-runners.fixture.js';

describe('a command-line agent whose service and runner are killed', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let services: ServicesWithRunners;

  beforeAll(async () => {
    services = await ServicesWithRunners.make();
    ({ calls, ground } = services);
    const counter = { source: join(ground.directory, 'counter'), target: '/counter', mode: 'rw' as const };
    await ground.publishProfile(testProfile({ mounts: [counter, ...installScriptedAgent(ground)] }));
    const connecting = await ground.wiredService();
    await connect(ground, 'plain', 'acp', { command: scriptedCommand() });
    await connect(ground, 'forgetful', 'acp', { command: scriptedCommand('no-load') });
    await connecting.stop();
  }, 120_000);
  afterEach(() => services.clear());
  afterAll(() => ground.giveBack());

  const begin = (connection: string, acts: (count: (id: string) => string) => readonly Act[]) =>
    calls.begin(count => ({
      timeoutMs: 120_000,
      agent: { provider: 'acp', connection, model: 'default', prompt: scriptOf(acts(count)), permissions: 'ASK' },
    }));
  const made = (ready: ReadyStep, id: string) => eventually(() => calls.counts(ready)[id] !== undefined, 60_000);
  const textOf = async (ready: ReadyStep) =>
    (await dataOf(ground, ready, 'AgentText')).map(({ text }) => text).join('');

  /** The first time it lasts for ever. */
  const stuckOnce = (ready: string) => `echo begun; [ -e ${ready} ] || { touch ${ready}; sleep 67; }`;

  it('goes on with its conversation: nothing is said or done twice, and people are asked once', async () => {
    const ready = await begin('plain', count => [
      { say: 'I begin.' },
      { call: 'first', run: count('first') },
      { call: 'second', run: `${count('second')}; ${stuckOnce('/workspace/stuck')}` },
      { say: 'I need to be allowed.' },
      { call: 'third', run: `${count('third')}; echo third`, ask: true },
      { say: 'Done.' },
    ]);
    const first = await services.start();
    await made(ready, 'second');
    await first.kill();
    expect(services.working()).toHaveLength(1);
    const second = await services.start();
    services.working().forEach(runner => runner.kill());
    await eventually(async () => (await dataOf(ground, ready, 'PermissionRequested')).length > 0, 60_000);
    services.working().forEach(runner => runner.kill());
    await second.kill();
    const third = await services.start();
    await allow(ground, ready);
    expect(await ground.end(ready, 90_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'Done.' });
    await third.stop();
    expectWholeTranscript(await ground.transcript(ready));
    expect(calls.counts(ready)).toEqual({ first: 1, second: 2, third: 1 });
    expect(await textOf(ready)).toBe('I begin.I need to be allowed.Done.');
    expect(await dataOf(ground, ready, 'AgentSessionOpened')).toHaveLength(1);
    expect(await dataOf(ground, ready, 'PermissionRequested')).toHaveLength(1);
    expect(await dataOf(ground, ready, 'AnswerReceived')).toHaveLength(1);
    const ends = (await dataOf(ground, ready, 'ToolCallEnded')).map(({ state, output, error }) => [
      state,
      output,
      error?.code,
    ]);
    expect(ends).toEqual([
      ['ok', '', undefined],
      ['error', 'begun\n', 'OUTCOME_UNKNOWN'],
      ['ok', 'begun\n', undefined],
      ['ok', 'third\n', undefined],
    ]);
  }, 180_000);

  it('ends with an error that can be retried when it cannot load its conversation', async () => {
    const ready = await begin('forgetful', count => [{ call: 'first', run: `${count('first')}; sleep 67` }]);
    const service = await services.start();
    await made(ready, 'first');
    services.working().forEach(runner => runner.kill());
    const fix = 'Look at the transcript and the files, then retry the step.';
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', error: { code: 'AGENT_SESSION_LOST', fix } });
    await service.stop();
    expect(calls.counts(ready)).toEqual({ first: 1 });
  }, 120_000);
});
