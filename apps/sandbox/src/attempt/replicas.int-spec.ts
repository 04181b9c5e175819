import { jest } from '@jest/globals';
import { eventually } from '@runledger/testing';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ReadyStep } from './attempt-place.js';
import { CountedCalls, expectWholeTranscript, outputOf, UNTIL_TOLD } from './counted-calls.fixture.js';
import type { Ground } from './ground.fixture.js';
import { newRunId } from './ground.fixture.js';
import { ServiceProcess } from './service-process.fixture.js';
import type { ServiceSettings } from './service-process.fixture.js';

/** Services start in processes of their own, beside all other specs on a small machine. */
const PATIENCE_MS = 60_000;

/** How many runs a replica takes at most, where it matters: all others go to the next one. */
const EACH = 3;

const liveness = { ttlMs: 5_000, beatEveryMs: 300 };

jest.setTimeout(120_000);

describe('several replicas of the sandbox service', () => {
  let calls: CountedCalls;
  let ground: Ground;
  const running: ServiceProcess[] = [];

  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(service => service.remove()));
    calls.untell();
  });
  afterAll(() => ground.giveBack());

  async function replica(name: string, more: Partial<ServiceSettings> = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(calls.settings(name, { liveness, ...more }));
    running.push(service);
    return service;
  }

  const workersOf = async (ready: ReadyStep): Promise<string[]> =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === 'AttemptStarted' || event.type === 'AttemptResumed' ? [event.data.worker] : [],
    );

  /** A call that ends at once and leaves a file, then one that reads it and lasts until the spec says so. */
  const twoCalls = (count: (id: string) => string): Partial<ReadyStep> => ({
    agent: {
      provider: 'scripted',
      model: 'm',
      prompt: 'Count.',
      script: [
        { tools: [{ name: 'bash', arguments: { command: `${count('first')}; echo kept > file; echo done` } }] },
        { tools: [{ name: 'bash', arguments: { command: `${count('second')}; cat file; ${UNTIL_TOLD}` } }] },
        { text: 'Counted.' },
      ],
    },
  });

  const inSecondCall = (steps: readonly ReadyStep[]) => steps.filter(ready => calls.counts(ready)['second'] === 1);

  async function standingOf(ready: ReadyStep) {
    const events = await ground.transcript(ready);
    const error = events.flatMap(event => (event.type === 'AttemptEnded' ? [event.data.error] : []));
    return { ...calls.counts(ready), events: events.map(({ type }) => type), error };
  }

  /** Says how far each of them came, should they not. */
  async function untilInSecondCall(...steps: readonly ReadyStep[]): Promise<void> {
    const there = steps.map(() => expect.objectContaining({ second: 1 }) as unknown);
    await eventually(async () => expect(await Promise.all(steps.map(standingOf))).toEqual(there), PATIENCE_MS);
  }

  /** On two replicas that take half of them each: all in their second call. */
  async function allRuns(): Promise<ReadyStep[]> {
    const steps = await Promise.all(Array.from({ length: 2 * EACH }, () => calls.begin(twoCalls)));
    await untilInSecondCall(...steps);
    return steps;
  }

  const takenOver = async (steps: readonly ReadyStep[]) =>
    (await Promise.all(steps.map(workersOf))).filter(([first, second]) => second !== undefined && first !== second);

  async function expectAllOnce(steps: readonly ReadyStep[]): Promise<void> {
    for (const ready of steps) {
      expect(await ground.end(ready, 60_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'Counted.', turns: 3 });
      const events = await ground.transcript(ready);
      expectWholeTranscript(events);
      expect(outputOf(events, 'work.1.t2.1')).toBe('kept\n');
      expect(calls.counts(ready)['first']).toBe(1);
    }
  }

  function runsAt(...names: string[]): string[] {
    const paths = names.map(name => join(calls.settings(name).homeDir, 'bubblewrap'));
    return paths.flatMap(path => readdirSync(path).filter(entry => entry.startsWith('run_')));
  }

  /** Processes of steps of the replica: those that see a directory of its home. */
  function programsOf(name: string): string[] {
    const home = join(basename(ground.directory), 'sandboxes', name, 'bubblewrap');
    return readdirSync('/proc').filter(entry => {
      try {
        return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/mountinfo`, 'utf8').includes(home);
      } catch {
        return false; // it ended meanwhile
      }
    });
  }

  /** As if its machine had burnt down. */
  function lose(name: string): void {
    const { homeDir } = calls.settings(name);
    renameSync(homeDir, `${homeDir} which is lost`);
  }

  it('share the runs out, and keep each run where its files are', async () => {
    const names = ['even', 'odd'];
    for (const name of names) await replica(name, { maxAttempts: EACH });
    const steps = await allRuns();
    expect(new Set((await Promise.all(steps.map(workersOf))).flat()).size).toBe(2);
    calls.tell();
    await expectAllOnce(steps);
    const again = await Promise.all(
      steps.map(({ runId }) => ground.ready({ runId, step: 'later', command: { run: 'cat file' } })),
    );
    for (const [index, ready] of again.entries()) {
      expect(await ground.end(ready)).toMatchObject({ summary: 'kept' });
      expect(await workersOf(ready)).toEqual(await workersOf(steps[index]!));
      expect(calls.counts(steps[index]!)).toEqual({ first: 1, second: 1 });
    }
    await Promise.all(steps.map(({ runId }) => ground.completed(runId)));
    await eventually(() => runsAt(...names).length === 0, PATIENCE_MS);
    await eventually(
      async () => (await ground.pool.query('SELECT FROM sandbox.open_runs')).rows.length === 0,
      PATIENCE_MS,
    );
  });

  it('complete the runs of one that was killed, files included, and repeat no finished call', async () => {
    const dying = await replica('dying', { maxAttempts: EACH });
    await replica('heir', { maxAttempts: EACH });
    const steps = await allRuns();
    expect(programsOf('dying')).not.toEqual([]);
    await dying.kill();
    // They outlive it by a moment, in which one that is told ends as it should, and is not made again.
    await eventually(() => programsOf('dying').length === 0, PATIENCE_MS);
    calls.tell();
    await expectAllOnce(steps);
    expect(await takenOver(steps)).toHaveLength(EACH);
    expect(inSecondCall(steps)).toHaveLength(EACH);
  });

  it('complete the runs of one that was out of breath, which then finds that it lost them', async () => {
    const names = ['frozen', 'awake'];
    const [frozen] = [await replica('frozen', { maxAttempts: EACH }), await replica('awake', { maxAttempts: EACH })];
    const steps = await allRuns();
    frozen.freeze();
    calls.tell(); // those who run at the frozen one hear it as well
    await eventually(async () => (await takenOver(steps)).length === EACH, PATIENCE_MS);
    frozen.thaw();
    await expectAllOnce(steps);
    // It is back among the living, and works: the other one has no room.
    const busy = await Promise.all(
      Array.from({ length: 2 * EACH }, () => calls.begin(count => ({ command: { run: `${count('x')}; sleep 1` } }))),
    );
    for (const ready of busy) expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(new Set((await Promise.all(busy.map(workersOf))).flat()).size).toBe(2);
    await Promise.all([...steps, ...busy].map(({ runId }) => ground.completed(runId)));
    await eventually(() => runsAt(...names).length === 0, PATIENCE_MS);
  });

  it('wait for one that was told to stop, which goes on with its own', async () => {
    const leaving = await replica('returning', { maxAttempts: EACH });
    const ready = await calls.begin(twoCalls);
    await untilInSecondCall(ready);
    await replica('other');
    expect(await leaving.stop()).toBe(0);
    calls.tell();
    await replica('returning', { maxAttempts: EACH });
    await expectAllOnce([ready]);
    expect(new Set(await workersOf(ready)).size).toBe(1);
  });

  it('take over at once from one that leaves for good', async () => {
    const leaving = await replica('leaving', { liveness: { ...liveness, returnWithinMs: 0 } });
    const ready = await calls.begin(twoCalls);
    await untilInSecondCall(ready);
    await replica('other');
    expect(await leaving.stop()).toBe(0);
    calls.tell();
    await expectAllOnce([ready]);
    expect(new Set(await workersOf(ready)).size).toBe(2);
  });

  it('say that files are lost which cannot be reached, instead of going on in an empty workspace', async () => {
    const dying = await replica('far', { liveness });
    const runId = newRunId();
    const ready = await calls.begin(twoCalls, runId);
    await untilInSecondCall(ready);
    await dying.kill();
    lose('far');
    await replica('other');
    const ended = await ground.end(ready, 60_000);
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'SANDBOX_LOST' } });
    expect(ended.error?.fix).toContain('Start the run again');
    expect(calls.counts(ready)).toEqual({ first: 1, second: 1 });
  });

  it('begin anew what had finished nothing where its files are lost', async () => {
    const dying = await replica('gone', { liveness });
    const ready = await calls.begin(count => ({ command: { run: `${count('it')}; ${UNTIL_TOLD}; echo done` } }));
    await eventually(() => calls.counts(ready)['it'] === 1, PATIENCE_MS);
    await dying.kill();
    lose('gone');
    calls.tell();
    await replica('other');
    expect(await ground.end(ready, 60_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'done' });
    expect(calls.counts(ready)).toEqual({ it: 2 });
  });
});
