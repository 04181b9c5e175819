import { ApprovalDecided } from '@runledger/contracts';
import type { AttemptEvent, ScriptedTurn } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { CountedCalls, expectWholeTranscript, outputOf, UNTIL_TOLD } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { ServiceProcess } from '../attempt/service-process.fixture.js';
import type { ServiceSettings } from '../attempt/service-process.fixture.js';
import { RunnerDirectory } from './runner-directory.js';

/** How many random moments the service is killed at; the suite tries a few. */
const KILLS = Number(process.env['RUNLEDGER_KILLS'] ?? 3);
const TURNS = 3 * KILLS;
const QUESTION_AT = Math.ceil(TURNS / 2);
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('a service whose agents are in runners', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let settings: ServiceSettings;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
    settings = calls.settings('only', { agents: { place: 'runner', atStop: 'leave' } });
  }, 60_000);
  afterEach(async () => {
    await Promise.all(started.splice(0).map(service => service.remove()));
    runners().forEach(runner => runner.kill());
  });
  afterAll(() => ground.giveBack());

  const runners = () => RunnerDirectory.allIn(join(settings.homeDir, 'runners'));
  const working = () => runners().filter(runner => runner.isAlive && runner.spec() !== undefined);

  async function start(given: ServiceSettings = settings): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(given);
    started.push(service);
    return service;
  }

  const counting = (script: (count: (id: string) => string) => ScriptedTurn[]) =>
    calls.begin(count => ({
      timeoutMs: 60_000,
      agent: { provider: 'scripted', model: 'm', prompt: 'Count.', script: [...script(count), { text: 'Done.' }] },
    }));
  const bash = (command: string) => ({ name: 'bash' as const, arguments: { command } });
  const typesOf = async (ready: ReadyStep) => (await ground.transcript(ready)).map(({ type }) => type);
  const made = (ready: ReadyStep, id: string) => eventually(() => calls.counts(ready)[id] !== undefined);

  /** An agent that makes two calls in each turn, thinks aloud, and asks people once. */
  const begin = (pause: string) =>
    calls.begin(count => {
      const script: ScriptedTurn[] = Array.from({ length: TURNS }, (_, at) => {
        const turn = at + 1;
        if (turn === QUESTION_AT) return { tools: [{ name: 'ask_user', arguments: { question: 'Go on?' } }] };
        const call = (n: number) => {
          const id = `work.1.t${turn}.${n}`;
          const command = `${count(id)}; echo ${id} begins; sleep ${pause}; echo ${id} ends`;
          return bash(command);
        };
        return { thinking: `What is turn ${turn} for?`, text: `Turn ${turn} of many.`, tools: [call(1), call(2)] };
      });
      const agent = { provider: 'scripted', model: 'm', prompt: 'Count.' } as const;
      const tools = ['bash', 'ask_user'] as const;
      return {
        timeoutMs: 900_000,
        agent: { ...agent, tools: [...tools], script: [...script, { text: 'All counted.' }] },
      };
    });

  async function answer({ runId, step }: ReadyStep): Promise<void> {
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const call = { step, attempt: 1, callId: `work.1.t${QUESTION_AT}.1` };
    const decided = { requestId, runId, step, kind: 'question', decision: 'ANSWER', how: 'PEOPLE', by: ada };
    const data = { ...decided, answer: 'Yes.', calls: [call], shownHash: 'x', decidedAt: '2026-11-21T10:00:00.000Z' };
    const { type } = ApprovalDecided(data as never);
    const metadata = { correlationId: runId, causationId: runId, actor: ada, workspaceId: 'ws_test' };
    const event = {
      id: newUuid(),
      type,
      data,
      metadata: { ...metadata, occurredAt: data.decidedAt, schemaVersion: 1 },
    };
    await ground.store.append({ tenant: 'ws_test', name: streamOf('approval', requestId) }, [event], 'any');
  }

  const asks = async (ready: ReadyStep) =>
    (await ground.transcript(ready)).some(({ type }) => type === 'QuestionAsked');

  it('has the transcript of an undisturbed run, and each call made once, wherever it is killed', async () => {
    const undisturbed = await begin('0');
    const first = await start();
    await eventually(() => asks(undisturbed), 60_000);
    await answer(undisturbed);
    await ground.end(undisturbed);
    await first.stop();

    const ready = await begin('0.4');
    let answered = false;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const service = await start();
      await delay(randomInt(0, 700));
      await service.kill();
      if (!answered && (await asks(ready))) {
        answered = true;
        await answer(ready);
      }
    }
    const last = await start();
    if (!answered) {
      await eventually(() => asks(ready), 60_000);
      await answer(ready);
    }
    expect(await ground.end(ready, 120_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'All counted.' });
    await last.stop();

    const events = await ground.transcript(ready);
    expectWholeTranscript(events);
    expect(told(events, '0.4')).toEqual(told(await ground.transcript(undisturbed), '0'));
    const counts = calls.counts(ready);
    expect(Object.keys(counts)).toHaveLength(2 * (TURNS - 1));
    expect(Object.values(counts).every(times => times === 1)).toBe(true);
    await eventually(() => working().length === 0);
  }, 600_000);

  it('leaves its agents to work when it is told to stop, and hears at its next start what they did', async () => {
    const ready = await counting(count => [
      { tools: [bash(`${count('first')}; ${UNTIL_TOLD}; echo told`), bash(count('second'))] },
      { tools: [bash(count('third'))] },
    ]);
    const service = await start();
    await made(ready, 'first');
    expect(await service.stop()).toBe(0);
    expect((await typesOf(ready)).at(-1)).toBe('AttemptInterrupted');
    expect(working()).toHaveLength(1);
    calls.tell();
    await made(ready, 'second');
    expect(await typesOf(ready)).not.toContain('ToolCallEnded');
    expect(await typesOf(ready)).not.toContain('AttemptEnded');
    const next = await start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 3, summary: 'Done.' });
    await next.stop();
    calls.untell();
    expectWholeTranscript(await ground.transcript(ready));
    expect(outputOf(await ground.transcript(ready), 'work.1.t1.1')).toBe('told\n');
    expect(calls.counts(ready)).toEqual({ first: 1, second: 1, third: 1 });
    expect(runners()).toEqual([]);
  }, 60_000);

  it('ends its agents when it is told to, and goes on with them at its next start', async () => {
    const ready = await counting(count => [
      { tools: [bash(count('first')), bash(`${count('second')}; [ -e on ] || { touch on; sleep 67; }`)] },
    ]);
    const ending = { ...settings, agents: { place: 'runner', atStop: 'end' } } as const;
    const service = await start(ending);
    await made(ready, 'second');
    expect(await service.stop()).toBe(0);
    expect(runners()).toEqual([]);
    const next = await start(ending);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    await next.stop();
    expect(calls.counts(ready)).toEqual({ first: 1, second: 2 });
    expectWholeTranscript(await ground.transcript(ready));
  }, 60_000);

  it('goes on with another runner when one dies, and repeats no finished call', async () => {
    const ready = await counting(count => [
      { tools: [bash(count('first')), bash(`${count('second')}; [ -e on ] || { touch on; sleep 67; }`)] },
    ]);
    const service = await start();
    await made(ready, 'second');
    working().forEach(runner => runner.kill());
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    await service.stop();
    expect(await typesOf(ready)).toEqual(expect.arrayContaining(['AttemptInterrupted', 'AttemptResumed']));
    expect(calls.counts(ready)).toEqual({ first: 1, second: 2 });
    expectWholeTranscript(await ground.transcript(ready));
  }, 60_000);

  it('ends the runner of a run that was cancelled while it was down', async () => {
    const ready = await counting(count => [{ tools: [bash(`${count('first')}; sleep 67`)] }]);
    const service = await start();
    await made(ready, 'first');
    await service.kill();
    expect(working()).toHaveLength(1);
    await ground.cancel(ready.runId, 'GRACEFUL');
    const next = await start();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    await eventually(() => runners().filter(runner => runner.spec()).length === 0);
    await next.stop();
    expect(await typesOf(ready)).toContain('ToolCallStarted');
  }, 60_000);
});

/** The number of the owner for whom a runner began stands in the names of its calls of a model. */
const OWNER = /(\bt\d+\.)e\d+\./g;

/** What differs from run to run: times, and sizes of what was new to the store. */
const OTHERWISE = new Set(['at', 'startedAt', 'endedAt', 'elapsedMs', 'durationMs', 'usage', 'requestId', 'newBytes']);

/** What a transcript says, without whose worker it was, when, and in how many pieces. */
function told(events: readonly AttemptEvent[], pause: string): unknown[] {
  const pieces: { type: string; data: Record<string, unknown> }[] = [];
  for (const { type, data } of events) {
    if (type === 'AttemptResumed' || type === 'AttemptInterrupted') continue;
    const { attemptId, runId, ...said } = data;
    const own = (value: unknown) =>
      typeof value !== 'string' ? value : value.replaceAll(attemptId, 'ATTEMPT').replaceAll(runId, 'RUN');
    const text = JSON.stringify(said, (name, value: unknown) => (OTHERWISE.has(name) ? undefined : own(value)));
    const plain = text.replace(OWNER, '$1').replaceAll(`sleep ${pause};`, 'sleep;');
    const last = pieces.at(-1);
    const piece = { type, data: JSON.parse(plain) as Record<string, unknown> };
    const grows = last?.type === type && typeof piece.data['text'] === 'string' && isSame(last.data, piece.data);
    if (grows) last.data['text'] = `${String(last.data['text'])}${String(piece.data['text'])}`;
    else pieces.push(piece);
  }
  return pieces;
}

function isSame(last: Record<string, unknown>, next: Record<string, unknown>): boolean {
  return ['entryId', 'callId', 'channel'].every(name => last[name] === next[name]);
}
