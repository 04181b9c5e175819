import { AgentText, MemberAdded, RunCompleted, RunFailed } from '@runledger/contracts';
import { compileProject, eventually } from '@runledger/testing';
import { defineConsumer, defineService, ERASED } from '../index.js';
import type { ConsumedEvent, RunningService } from '../index.js';
import { ConsumedLog, killedWhen } from '../testing/consumed-log.fixture.js';

const completed = (runId: string) => RunCompleted({ runId, completedAt: '2026-11-21T10:00:00.000Z' });
const said = {
  ...{ attemptId: 'att_1.plan.1', runId: 'run_1', step: 'plan', attempt: 1, entryId: 'e1' },
  at: '2026-11-21T10:00:00.000Z',
};
const TABLE = 'create table counted (run text primary key, times int not null)';
const COUNT = `insert into counted (run, times) values ($1, 1)
  on conflict (run) do update set times = counted.times + 1`;

describe('what a service does with events', () => {
  let log: ConsumedLog;

  beforeEach(async () => {
    log = await ConsumedLog.open();
  });
  afterEach(() => log.close());

  /** Counts completed runs; `before` is done first, in the same transaction. */
  const counting = (before: (event: ConsumedEvent<'RunCompleted'>) => Promise<void> = () => Promise.resolve()) =>
    defineService({
      name: 'run-counter',
      migrations: [{ name: '0001-counted', sql: TABLE }],
      consumers: [
        defineConsumer({
          name: 'run-counter',
          events: ['RunCompleted'],
          handle: async (event, effects) => {
            await effects.query(COUNT, [event.data.runId]);
            await before(event);
          },
          undo: async effects => void (await effects.query('truncate counted')),
        }),
      ],
    });
  const counts = async () => {
    const rows = await log.rows('select run, times from run_counter.counted order by run');
    return Object.fromEntries<unknown>(rows.map(({ run, times }): [string, unknown] => [String(run), times]));
  };
  /** As after a crash: the checkpoints stand where they were at the beginning. */
  const rewind = () => log.pool.query('update runledger.partition_checkpoint set position = 0, owner = null');

  it('counts once although it was killed between the effect and the commit', async () => {
    compileProject('libs/sdk');
    await log.happened([completed('run_1')]);
    const program = `
      import { defineConsumer, defineService, readServiceConfig, startService } from '@runledger/sdk';
      const counter = defineConsumer({ name: 'run-counter', events: ['RunCompleted'], handle: async (event, effects) => {
        await effects.query(${JSON.stringify(COUNT)}, [event.data.runId]);
        console.log('counted');
        await effects.query('select pg_sleep(60)');
      } });
      const migrations = [{ name: '0001-counted', sql: ${JSON.stringify(TABLE)} }];
      await startService(defineService({ name: 'run-counter', migrations, consumers: [counter] }), readServiceConfig());`;
    await killedWhen('counted', program, log.environment());
    // The server notices later that nobody is there any more.
    await log.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'run-counter'`,
    );
    await log.pool.query('truncate runledger.member');
    const service = await log.start(counting());
    await service.caughtUp();
    expect(await counts()).toEqual({ run_1: 1 });
  });

  it('counts once although the event is delivered again', async () => {
    await log.happened([completed('run_1')]);
    await (await log.start(counting())).caughtUp();
    await log.stopServices();
    await rewind();
    await log.happened([completed('run_2')]);
    await (await log.start(counting())).caughtUp();
    expect(await counts()).toEqual({ run_1: 1, run_2: 1 });
  });

  it('is done again from a position when somebody wants that, beside the running service', async () => {
    const first = await log.happened([completed('run_1')]);
    await log.happened([completed('run_2')]);
    const service = await log.start(counting());
    await service.caughtUp();
    await service.replay('run-counter', first);
    await log.happened([completed('run_3')]);
    await eventually(async () => expect(await counts()).toEqual({ run_2: 1, run_3: 1 }));
    await service.replay('run-counter', 0n);
    await eventually(async () => expect(await counts()).toEqual({ run_1: 1, run_2: 1, run_3: 1 }));
    await expect(service.replay('another', 0n)).rejects.toThrow('It has: run-counter.');
  });

  it('becomes a dead letter when it fails for good; its run waits, others go on, and a retry takes it up', async () => {
    let isBroken = true;
    const service = await log.start(
      counting(event => {
        if (isBroken && event.data.runId === 'run_1') return Promise.reject(new Error('no such day'));
        return Promise.resolve();
      }),
    );
    await log.happened([completed('run_1'), completed('run_1')]);
    await log.happened([completed('run_2')], { run: 'run_2' });
    await service.caughtUp();
    expect(await counts()).toEqual({ run_2: 1 });
    const [letter, waiting] = await service.deadLetters.list();
    expect(letter).toMatchObject({ state: 'parked', eventType: 'RunCompleted', runId: 'run_1', attempts: 5 });
    expect(letter?.error?.message).toBe('no such day');
    expect(waiting?.state).toBe('waiting');
    const health = (await (await fetch(`${service.operationsUrl}/health/ready`)).json()) as { checks: object };
    expect(health.checks).toMatchObject({ consumers: { ok: true, message: '2 events are dead letters' } });
    const metrics = await (await fetch(`${service.operationsUrl}/metrics`)).text();
    expect(metrics).toMatch(/runledger_consumer_parked_events\{[^}]*consumer="run-counter"[^}]*\} 2/);
    expect(metrics).toMatch(/runledger_reaction_duration_seconds_count\{[^}]*outcome="failed"[^}]*\} 5/);
    isBroken = false;
    expect(await service.deadLetters.retryAll('ada')).toBe(1);
    await eventually(async () => expect(await counts()).toEqual({ run_1: 2, run_2: 1 }));
    await eventually(async () => expect(await service.deadLetters.list()).toEqual([]));
    expect(await service.deadLetters.retry('reactor/run-counter@1:1', 'ada')).toBe(false);
  });

  it('is taken back when a failed statement was passed over', async () => {
    const careless = defineConsumer({
      name: 'run-counter',
      events: ['RunCompleted'],
      handle: async (event, effects) => {
        await effects.query(COUNT, [event.data.runId]);
        await effects.query('select nothing').catch(() => undefined);
      },
    });
    const service = await log.start(defineService({ ...counting(), consumers: [careless] }));
    await log.happened([completed('run_1')]);
    await service.caughtUp();
    expect(await counts()).toEqual({});
    expect((await service.deadLetters.list())[0]?.error?.code).toBe('SWALLOWED_FAILURE');
  });

  it('is shared by two replicas, and goes on in one when the other stops', async () => {
    const seen: string[] = [];
    const replica = (name: string) => counting(event => Promise.resolve(void seen.push(`${name} ${event.data.runId}`)));
    const [one, other] = [await log.start(replica('one')), await log.start(replica('other'))];
    const partitions = (service: RunningService) => service.status()[0]?.partitions?.length ?? 0;
    await eventually(() => expect([partitions(one), partitions(other)]).toEqual([8, 8]));
    const runs = Array.from({ length: 40 }, (_, at) => `run_${at}`);
    for (const run of runs) await log.happened([completed(run)], { run });
    await one.caughtUp();
    expect(new Set(seen.map(line => line.split(' ')[0]))).toEqual(new Set(['one', 'other']));
    await one.stop();
    for (const run of runs) await log.happened([completed(run)], { run });
    await other.caughtUp();
    expect(await counts()).toEqual(Object.fromEntries(runs.map(run => [run, 2])));
    expect(seen).toHaveLength(2 * runs.length);
  });

  it('may begin now, and then knows nothing of what was before', async () => {
    await log.happened([completed('run_1')]);
    const [consumer] = counting().consumers;
    const service = defineService({ ...counting(), consumers: [{ ...consumer!, begin: 'now' as const }] });
    await log.start(service);
    await log.happened([completed('run_2')]);
    await log.stopServices();
    await log.happened([completed('run_3')]);
    await (await log.start(service)).caughtUp();
    expect(await counts()).toEqual({ run_2: 1, run_3: 1 });
  });

  it('may be kept in a database of its own, effects, checkpoints and dead letters', async () => {
    const own = await ConsumedLog.open();
    try {
      await log.happened([completed('run_1')]);
      const service = await log.start(counting(), { SERVICE_DATABASE_URL: own.database.url });
      await service.caughtUp();
      expect(await own.rows('select run, times from run_counter.counted')).toEqual([{ run: 'run_1', times: 1 }]);
      expect(await log.rows('select from runledger.partition_checkpoint')).toEqual([]);
      await log.stopServices();
    } finally {
      await own.close();
    }
  });

  it('sees events whole that are too large for the log, once it is told where the rest of them is', async () => {
    const lengths = defineService({
      name: 'lengths',
      migrations: [{ name: '0001-length', sql: 'create table length (length int)' }],
      consumers: [
        defineConsumer({
          name: 'lengths',
          events: ['AgentText'],
          handle: async ({ data }, effects) => {
            await effects.query('insert into length values ($1)', [data.text.length]);
          },
        }),
      ],
    });
    await log.happened([AgentText({ ...said, text: 'x'.repeat(1_200_000) })]);
    const blind = await log.start(lengths);
    await blind.caughtUp();
    expect((await blind.deadLetters.list())[0]?.error?.code).toBe('NO_BLOB_STORE');
    await log.stopServices();
    const service = await log.start(lengths, { RUNLEDGER_HOME: log.home });
    await service.deadLetters.retryAll('ada');
    await eventually(async () =>
      expect(await log.rows('select length from lengths.length')).toEqual([{ length: 1_200_000 }]),
    );
  });

  it('reads persons by name until they are erased, and forgets them once', async () => {
    const joined = MemberAdded({
      ...{ memberId: 'mem_eve', workspaceId: 'ws_1', name: 'Eve', kind: 'person', scopes: [] },
      ...{ addedBy: { kind: 'system', id: 'spec' }, addedAt: '2026-11-21T10:00:00.000Z' },
    });
    const people = defineService({
      name: 'people',
      migrations: [{ name: '0001-person', sql: 'create table person (member text, name text, forgotten boolean)' }],
      consumers: [
        defineConsumer({
          name: 'people',
          events: ['MemberAdded'],
          handle: async ({ data }, effects) => {
            await effects.query('insert into person (member, name) values ($1, $2)', [data.memberId, data.name]);
          },
          forget: async (effects, { subject }) => {
            await effects.query('update person set name = null, forgotten = true where member = $1', [subject]);
          },
        }),
      ],
    });
    await log.happened([joined]);
    await (await log.start(people)).caughtUp();
    await log.stopServices();
    const rows = () => log.rows('select name, forgotten from people.person order by name nulls last');
    expect(await rows()).toEqual([{ name: 'Eve', forgotten: null }]);
    await log.keys.destroy({ workspaceId: 'ws_1', subject: 'mem_eve' });
    // As if that were a while ago.
    await log.pool.query(`update runledger.subject_key set erased_at = now() - interval '1 minute'`);
    await log.start(people);
    await eventually(async () => expect(await rows()).toEqual([{ name: null, forgotten: true }]));
    await log.happened([joined]);
    await eventually(async () => expect((await rows())[0]).toEqual({ name: ERASED, forgotten: null }));
  });
});

describe('a consumer', () => {
  const handle = () => Promise.resolve();

  it('is refused when nobody could run it', () => {
    expect(() => defineConsumer({ name: 'Run Counter', events: ['RunFailed'], handle })).toThrow('lower-case letters');
    expect(() => defineConsumer({ name: 'billing', events: ['RunFailed'], handle })).toThrow('take another');
    expect(() => defineConsumer({ name: 'a', events: [], handle })).toThrow('at least one event');
    const misspelt = 'RunFaild' as 'RunFailed';
    expect(() => defineConsumer({ name: 'a', events: [misspelt], handle })).toThrow('there is no event RunFaild');
    const twice = defineConsumer({ name: 'a', events: [RunFailed.type], handle });
    expect(() => defineService({ name: 'a', consumers: [twice, twice] })).toThrow('two consumers of this name');
    expect(() => defineService({ name: 'public', consumers: [twice] })).toThrow('name a service');
  });
});
