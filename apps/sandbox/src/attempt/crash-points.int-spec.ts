import { eventually, swept } from '@runledger/testing';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyStep } from './attempt-place.js';
import { CountedCalls, expectWholeTranscript, outputOf } from './counted-calls.fixture.js';
import { newRunId } from './ground.fixture.js';
import type { Ground } from './ground.fixture.js';
import { ServiceProcess } from './service-process.fixture.js';
import type { CrashPoint } from './service-process.fixture.js';

interface Point extends Omit<CrashPoint, 'about'> {
  readonly name: string;
  /** A call that was under way may run a second time; every other runs once. */
  readonly underWay?: 'first' | 'second';
  /** Tried with every change: each kind of thing once. The others are, in a whole sweep. */
  readonly always?: true;
}

const always = { always: true } as const;
const statement = (name: string, when: Point['when'], pattern: string, more: Partial<Point> = {}): Point => ({
  name: `${when} ${name}`,
  at: 'statement',
  when,
  pattern,
  ...more,
});
const append = (type: string) => `^runledger-append.*${type}`;
const file = (name: string, when: Point['when'], pattern: string, more: Partial<Point> = {}): Point => ({
  name: `${when} ${name}`,
  at: 'file',
  when,
  pattern,
  ...more,
});
const NOTED = 'INSERT INTO sandbox.open_attempts';

/** Every boundary that an attempt crosses from the ready step to the end of its run, in this order. */
const POINTS: readonly Point[] = [
  statement('the ready step is noted', 'before', NOTED),
  statement('the ready step is noted', 'after', NOTED, always),
  statement('the claim is on the log', 'before', append('AttemptStarted')),
  statement('the claim is on the log', 'after', append('AttemptStarted'), always),
  statement('the claim is noted', 'before', 'UPDATE sandbox.open_attempts SET worker'),
  file('the sandbox is made', 'after', 'meta.json$', always),
  file('the sandbox is set up', 'after', 'ready$'),
  file('a call is entered in the journal', 'after', 'call.json$', always),
  statement('the start of a call is on the log', 'after', append('ToolCallStarted.*t2.1'), {
    ...always,
    underWay: 'second',
  }),
  file('the end of a call is in the journal', 'before', 'exit.json$'),
  file('the end of a call is in the journal', 'after', 'exit.json$', always),
  statement('the end of a call is on the log', 'before', append('ToolCallEnded'), always),
  statement('the end of a call is on the log', 'after', append('ToolCallEnded')),
  statement('the end of the attempt is on the log', 'before', append('AttemptEnded'), always),
  statement('the end of the attempt is on the log', 'after', append('AttemptEnded')),
  statement('the row of the attempt is removed', 'before', 'DELETE FROM sandbox.open_attempts'),
  statement('the end of the run is noted', 'before', 'UPDATE sandbox.open_runs SET ended', always),
  statement('the end of the run is noted', 'after', 'UPDATE sandbox.open_runs SET ended'),
  statement('the run is forgotten', 'before', 'DELETE FROM sandbox.open_runs'),
];

describe('a sandbox service that is killed at a boundary', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let life: ServiceProcess | undefined;

  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
  });
  afterAll(async () => {
    await life?.remove();
    await ground.giveBack();
  });

  const work = (count: (id: string) => string): Partial<ReadyStep> => ({
    agent: {
      provider: 'scripted',
      model: 'm',
      prompt: 'Count.',
      script: [
        { tools: [{ name: 'bash', arguments: { command: `${count('first')}; echo kept > file; echo done` } }] },
        { tools: [{ name: 'bash', arguments: { command: `${count('second')}; cat file; sleep 0.4` } }] },
        { text: 'Counted.' },
      ],
    },
  });

  /** Of the run before, which the process that is to die in the next one finds unfinished. */
  let recovered: () => Promise<void> = () => Promise.resolve();

  async function expectRecovered(ready: ReadyStep, { underWay }: Point): Promise<void> {
    expect(await ground.end(ready, 60_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'Counted.', turns: 3 });
    const events = await ground.transcript(ready);
    expectWholeTranscript(events);
    expect(outputOf(events, 'work.1.t1.1')).toBe('done\n');
    expect(outputOf(events, 'work.1.t2.1')).toBe('kept\n');
    const { first, second } = calls.counts(ready);
    expect(underWay === 'first' || first === 1).toBe(true);
    expect(underWay === 'second' ? [1, 2] : [1]).toContain(second);
    const directory = join(calls.settings('only').homeDir, 'bubblewrap', ready.runId);
    await eventually(() => !existsSync(directory), 60_000);
    await eventually(async () => (await ground.pool.query('SELECT FROM sandbox.open_runs')).rows.length === 0, 60_000);
  }

  it.each(swept(POINTS, point => point.always === true))(
    '$name, loses nothing, and repeats no finished call',
    async point => {
      const runId = newRunId();
      const { at, when, pattern } = point;
      const crash: CrashPoint = { at, when, pattern, about: runId.slice('run_'.length) };
      life = await ServiceProcess.start(calls.settings('only', { crash }));
      await recovered();
      const ready = await calls.begin(work, runId);
      const ended = ground.end(ready, 60_000).then(() => ground.completed(runId));
      await life.gone;
      recovered = async () => {
        await ended;
        await expectRecovered(ready, point);
      };
    },
  );

  it('recovers from the last of them as well', async () => {
    life = await ServiceProcess.start(calls.settings('only'));
    await recovered();
  });
});
