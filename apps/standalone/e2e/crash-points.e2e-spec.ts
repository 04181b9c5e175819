import { jest } from '@jest/globals';
import { join } from 'node:path';
import { createPostgresEventStore } from '@runledger/event-store';
import { eventually, swept, testDatabase, type TestDatabase } from '@runledger/testing';
import type { RunShown } from './api-client.fixture.js';
import { CountedWork } from './counted-work.fixture.js';
import { startBroker } from './kafka-broker.fixture.js';
import type { KafkaBroker } from './kafka-broker.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

jest.setTimeout(180_000);

/** A program, a function, a person, a program: each kind of event of a run once, and each kind of reaction. */
const FLOW = `
slug: crossing
defaults: { profile: counted }
steps:
  - { key: one, run: 'echo one >> /counts/ran' }
  - { key: told, needs: [one], function: { name: count, input: { as: told } } }
  - { key: two, needs: [told], run: 'echo two >> /counts/ran', gate: May it go on? }
  - { key: three, needs: [two], run: 'echo three >> /counts/ran' }
`;

interface CrashPoint {
  readonly kind: string;
  readonly when: 'before' | 'after';
  /** How many of its kind are let pass before. */
  readonly letPass: number;
  /** Tried with every change: one of each kind, and both sides of appending. The others are, in a whole sweep. */
  readonly always?: true;
  /** How often the function does its work: again where nothing of it was stored. Left out: once or, if it was cut off there, twice. */
  readonly calls?: 1 | 2;
}

/**
 * Every boundary that an event crosses on its way: decided | appended | its function called | told to others | its rows committed | its reaction
 * checkpointed | its work noted. Before a statement nothing of it is there; after it the answer is lost.
 */
const CRASH_POINTS: readonly CrashPoint[] = [
  { kind: 'append', when: 'before', letPass: 0, always: true },
  { kind: 'append', when: 'after', letPass: 1 },
  { kind: 'append', when: 'before', letPass: 5 },
  { kind: 'append', when: 'after', letPass: 4, always: true },
  { kind: 'work of a function', when: 'before', letPass: 0, calls: 1 },
  { kind: 'work of a function', when: 'after', letPass: 0, calls: 2, always: true },
  { kind: 'append of what a function did', when: 'before', letPass: 0, calls: 2 },
  { kind: 'append of what a function did', when: 'after', letPass: 0, calls: 1, always: true },
  { kind: 'notice', when: 'before', letPass: 1 },
  { kind: 'notice', when: 'after', letPass: 0, always: true },
  { kind: 'row of open work', when: 'before', letPass: 0, always: true },
  { kind: 'row of open work', when: 'after', letPass: 1 },
  { kind: 'commit of a read model', when: 'before', letPass: 5, always: true },
  { kind: 'commit of a read model', when: 'after', letPass: 1 },
  { kind: 'checkpoint of a reactor', when: 'before', letPass: 1, always: true },
  { kind: 'checkpoint of a reactor', when: 'after', letPass: 0 },
];

class DiedError extends Error {}

/** Before: the topic has the events and the relay does not know it. */
const RELAY_POINTS: readonly CrashPoint[] = [
  { kind: 'checkpoint of the relay', when: 'before', letPass: 0 },
  { kind: 'checkpoint of the relay', when: 'after', letPass: 1 },
  { kind: 'checkpoint of the relay', when: 'before', letPass: 4, always: true },
];

/** Takes the run to its end, if the platform lives that long. */
async function pursue(platform: PlatformProcess, runId: string): Promise<RunShown> {
  const { api } = platform;
  const run = await eventually(async () => {
    if (platform.ending) return undefined;
    const run = await api.run(runId);
    const open = run.approvals.find(approval => approval.state === 'OPEN');
    if (open) await api.decide(open.id, 'APPROVE');
    expect(run.status).toBe('COMPLETED');
    return run;
  }, 60_000);
  if (!run) throw new DiedError(`The platform died: ${JSON.stringify(platform.ending)}`);
  return run;
}

/** Somebody else who reads the log: while nobody does, nobody is told. */
function follow(connectionString: string): () => Promise<void> {
  const store = createPostgresEventStore({ connectionString });
  const ending = new AbortController();
  const read = async () => {
    const after = await store.head();
    for await (const batch of store.subscribe({ after, signal: ending.signal })) expect(batch.events).toBeDefined();
  };
  const reading = read();
  return async () => {
    ending.abort();
    await reading;
    await store.close();
  };
}

function sweep(points: readonly CrashPoint[], environment: () => Readonly<Record<string, string>> = () => ({})): void {
  const home = new TemporaryHome();
  const counted = new CountedWork();
  let database: TestDatabase;
  let before: { readonly runId: string; readonly crash: CrashPoint } | undefined;
  let lives = 0;

  beforeAll(async () => {
    build();
    database = await testDatabase();
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    counted.giveBack();
    await database.drop();
  });

  async function live(crash?: CrashPoint): Promise<PlatformProcess> {
    const preload = join(import.meta.dirname, 'crash-point.fixture.mjs');
    const mortal = crash && { NODE_OPTIONS: `--import ${preload}`, CRASH_AT: JSON.stringify(crash) };
    const platform = await home.start({
      ...{ DATABASE_URL: database.url, RUNLEDGER_SAMPLE: 'off' },
      ...{ ...counted.environment, ...environment(), ...mortal },
    });
    if (lives === 0) {
      await counted.publishProfile(platform.api);
      await platform.api.publishFlow(FLOW);
    }
    lives += 1;
    return platform;
  }

  /** The run that the life before left, from where it was left: all of it happened, and nothing twice. */
  async function expectRecovered(
    platform: PlatformProcess,
    { runId, crash }: NonNullable<typeof before>,
  ): Promise<void> {
    const run = await pursue(platform, runId);
    const attempts = run.timeline.flatMap(step => step.attempts);
    expect(attempts.map(attempt => attempt.number)).toEqual([1, 1, 1, 1]);
    const events = await platform.api.events(runId, 200);
    for (const [type, times] of [
      ['StepCompleted', 4],
      ['AttemptEnded', 3],
      ['ToolCallEnded', 3],
    ] as const) {
      expect(events.filter(event => event.type === type)).toHaveLength(times);
    }
    for (const type of ['GateReached', 'ApprovalRequested', 'ApprovalDecided', 'GateResolved', 'RunCompleted']) {
      expect(events.filter(event => event.type === type)).toHaveLength(1);
    }
    // A program that was cut off begins again, at most once for each time that its attempt was taken up again.
    const resumed = attempts.reduce((sum, attempt) => sum + attempt.resumptions, 0);
    const ran = counted.ran();
    expect([...new Set(ran)]).toEqual(['one', 'two', 'three']);
    expect(ran.length).toBeLessThanOrEqual(3 + resumed);
    const called = counted.called();
    expect(new Set(called).size).toBe(1); // the same key each time
    if (crash.calls) expect(called).toHaveLength(crash.calls);
    else expect(called.length).toBeLessThanOrEqual(2);
    counted.forget();
  }

  it.each(swept(points, ({ always }) => always === true))(
    'goes on at the next start: $when the $kind, after $letPass others',
    async crash => {
      const platform = await live(crash);
      const leave = crash.kind === 'notice' ? follow(database.url) : undefined;
      if (before) await expectRecovered(platform, before);
      const runId = await platform.api.started('crossing');
      before = { runId, crash };
      process.kill(platform.pid, 'SIGUSR2');
      const outcome = await pursue(platform, runId).catch((error: unknown) => error);
      const ending = await platform.stop();
      await leave?.();
      expect(outcome).toBeInstanceOf(DiedError);
      expect(ending).toMatchObject({ signal: 'SIGKILL' });
    },
  );

  it('and after the last death, everything is there once', async () => {
    const platform = await live();
    if (!before) throw new Error('Nothing died before.');
    await expectRecovered(platform, before);
    expect((await platform.stop()).code).toBe(0);
    expect(home.leftovers()).toEqual([]);
  });
}

describeWith('bwrap')('a platform that dies at any point of its work (needs bwrap)', () => {
  sweep(CRASH_POINTS);
});

describeWith(
  'bwrap',
  'java',
  'mvn',
)('a platform with Kafka that dies as its relay works (needs bwrap, java and mvn)', () => {
  let kafka: KafkaBroker;

  beforeAll(async () => {
    kafka = await startBroker();
  }, PATIENCE_MS);
  afterAll(() => kafka.stop());

  sweep(RELAY_POINTS, () => ({ DISTRIBUTION: 'kafka', KAFKA_BROKERS: kafka.brokers.join(',') }));
});
