import { appendFileSync } from 'node:fs';
import type { ScriptedTurn } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { CountedCalls } from '../attempt/counted-calls.fixture.js';
import { expectWholeTranscript, outputOf, UNTIL_TOLD } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { living, markOf } from '../driver/sandbox.fixture.js';
import { ServicesWithRunners } from './services-with-runners.fixture.js';
const MARK = markOf(4767);

describe('a service whose agents are in runners', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let services: ServicesWithRunners;

  beforeAll(async () => {
    services = await ServicesWithRunners.make();
    ({ calls, ground } = services);
  });
  afterEach(() => services.clear());
  afterAll(() => ground.giveBack());

  const counting = (script: (count: (id: string) => string) => ScriptedTurn[]) =>
    calls.begin(count => ({
      timeoutMs: 60_000,
      agent: { provider: 'scripted', model: 'm', prompt: 'Count.', script: [...script(count), { text: 'Done.' }] },
    }));
  const bash = (command: string) => ({ name: 'bash' as const, arguments: { command } });
  const typesOf = async (ready: ReadyStep) => (await ground.transcript(ready)).map(({ type }) => type);
  const made = (ready: ReadyStep, id: string) => eventually(() => calls.counts(ready)[id] !== undefined, 60_000);

  it('leaves its agents to work when it is told to stop, and hears at its next start what they did', async () => {
    const ready = await counting(count => [
      { tools: [bash(`${count('first')}; ${UNTIL_TOLD}; echo told`), bash(count('second'))] },
      { tools: [bash(count('third'))] },
    ]);
    const service = await services.start();
    await made(ready, 'first');
    expect(await service.stop()).toBe(0);
    expect((await typesOf(ready)).at(-1)).toBe('AttemptInterrupted');
    expect(services.working()).toHaveLength(1);
    calls.tell();
    await made(ready, 'second');
    expect(await typesOf(ready)).not.toContain('ToolCallEnded');
    expect(await typesOf(ready)).not.toContain('AttemptEnded');
    const next = await services.start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 3, summary: 'Done.' });
    await next.stop();
    calls.untell();
    expectWholeTranscript(await ground.transcript(ready));
    expect(outputOf(await ground.transcript(ready), 'work.1.t1.1')).toBe('told\n');
    expect(calls.counts(ready)).toEqual({ first: 1, second: 1, third: 1 });
    expect(services.runners()).toEqual([]);
  });

  it('ends its agents when it is told to, and goes on with them at its next start', async () => {
    const ready = await counting(count => [
      { tools: [bash(count('first')), bash(`${count('second')}; [ -e on ] || { touch on; sleep 67; }`)] },
    ]);
    const ending = { ...services.settings, agents: { place: 'runner', atStop: 'end' } } as const;
    const service = await services.start(ending);
    await made(ready, 'second');
    expect(await service.stop()).toBe(0);
    expect(services.runners()).toEqual([]);
    const next = await services.start(ending);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    await next.stop();
    expect(calls.counts(ready)).toEqual({ first: 1, second: 2 });
    expectWholeTranscript(await ground.transcript(ready));
  });

  it('HOSTILE: goes on with another runner when one dies, with nothing left of what that one ran, and repeats no finished call', async () => {
    const escapes = `(trap '' TERM HUP; setsid nohup sleep ${MARK} >/dev/null 2>&1 &)`;
    const ready = await counting(count => [
      {
        tools: [
          bash(count('first')),
          bash(`[ -e on ] || ${escapes}; ${count('second')}; [ -e on ] || { touch on; sleep ${MARK}; }`),
        ],
      },
    ]);
    const service = await services.start();
    await made(ready, 'second');
    await eventually(() => living(MARK).length > 0);
    services.working().forEach(runner => runner.kill());
    await eventually(() => living(MARK).length === 0);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    await service.stop();
    expect(await typesOf(ready)).toEqual(expect.arrayContaining(['AttemptInterrupted', 'AttemptResumed']));
    expect(calls.counts(ready)).toEqual({ first: 1, second: 2 });
    expectWholeTranscript(await ground.transcript(ready));
  });

  it('says of a runner that died for want of memory that it did, and what helps', async () => {
    const ready = await counting(count => [
      { tools: [bash(`${count('first')}; [ -e on ] || { touch on; sleep ${MARK}; }`)] },
    ]);
    const service = await services.start();
    await made(ready, 'first');
    for (const runner of services.working()) {
      appendFileSync(runner.log, 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n');
      runner.kill();
    }
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    await service.stop();
    const interrupted = (await ground.transcript(ready)).find(({ type }) => type === 'AttemptInterrupted');
    expect(interrupted?.data).toMatchObject({
      reason: expect.stringMatching(/has died for want of memory\..*SANDBOX_MAX_ATTEMPTS/),
    });
  });

  it('ends the runner of a run that was cancelled while it was down', async () => {
    const ready = await counting(count => [{ tools: [bash(`${count('first')}; sleep 67`)] }]);
    const service = await services.start();
    await made(ready, 'first');
    await service.kill();
    expect(services.working()).toHaveLength(1);
    await ground.cancel(ready.runId, 'GRACEFUL');
    const next = await services.start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    await eventually(() => services.runners().filter(runner => runner.spec()).length === 0);
    await next.stop();
    expect(await typesOf(ready)).toContain('ToolCallStarted');
  });
});
