import { setTimeout as delay } from 'node:timers/promises';
import { migrateSchema } from '@runledger/event-store';
import { Metrics, Readiness } from '@runledger/platform';
import { compileProject, eventually, testDatabase } from '@runledger/testing';
import type { ModuleProcess, TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { describeTimers } from '../contract/describe-timers.js';
import { defineTimer } from '../port.js';
import { showTimers } from '../show-timers.js';
import { PostgresTimers } from './postgres-timers.js';
import { timerProcess } from './timer-process.fixture.js';
import { timersHistory } from './timer-tables.js';

const retry = { attempts: 3, retryableAttempts: 3, firstDelayMs: 5, maxDelayMs: 20 };
const DUE_LONG_AGO = '2020-01-01T00:00:00.000Z';

let database: TestDatabase;
let pool: Pool;
const open: PostgresTimers[] = [];

beforeAll(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url, max: 6 });
  for (const service of ['spec', 'counted']) await migrateSchema(pool, timersHistory(service));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(timers => timers.stop()));
  await pool.query('truncate timers_spec.timer, timers_counted.timer');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function openTimers(options: Partial<ConstructorParameters<typeof PostgresTimers>[0]> = {}): PostgresTimers {
  const timers = new PostgresTimers({ database: pool, service: 'spec', newsUrl: database.url, retry, ...options });
  open.push(timers);
  return timers;
}

const count = async (of: string) => Number((await pool.query(`select count(*) from ${of}`)).rows[0]?.['count']);

describeTimers('PostgresTimers', () => {
  const timers = openTimers();
  const close = async () => {
    await timers.stop();
    await pool.query('truncate timers_spec.timer');
  };
  return Promise.resolve({ timers, pass: ms => delay(ms), close });
});

describe('timers in PostgreSQL', () => {
  it('tell a process that sleeps for a later one of one that is due before', async () => {
    const fired: string[] = [];
    const sleeper = openTimers({ lookEveryMs: 600_000 });
    const other = openTimers({ lookEveryMs: 600_000 });
    await sleeper.start([defineTimer('note', ({ name }) => Promise.resolve(void fired.push(name)))]);
    await other.set({ name: 'in an hour', kind: 'note', tenant: 'w1', payload: null, afterMs: 3_600_000 });
    await delay(100);
    await other.set({ name: 'now', kind: 'note', tenant: 'w1', payload: null, afterMs: 0 });
    await eventually(() => expect(fired).toEqual(['now']));
  });

  it.each([
    ['once, however much longer than a lease its handler takes', 60_000, 1],
    ['again elsewhere when its handler hangs', 250, 2],
  ])('fire %s', async (_, handlerMs, times) => {
    let ended = false;
    const begun: string[] = [];
    const long = async (process: string) => {
      begun.push(process);
      await eventually(() => begun.length > 1 || ended);
    };
    for (const process of ['ada', 'bob']) {
      const timers = openTimers({ leaseMs: 200, handlerMs });
      await timers.start([defineTimer('long', () => long(process))]);
    }
    await openTimers().set({ name: 'a', kind: 'long', tenant: 'w1', payload: null, dueAt: DUE_LONG_AGO });
    await eventually(() => expect(begun).not.toEqual([]));
    await delay(1_000);
    ended = true;
    await eventually(async () => expect(await count('timers_spec.timer')).toBe(0));
    expect(begun).toHaveLength(times);
  });

  it('can be retried by a person after they were parked, and show in metrics and health', async () => {
    let broken = true;
    const [metrics, readiness] = [new Metrics(), new Readiness()];
    const timers = openTimers();
    showTimers(timers, metrics, readiness);
    const work = () => (broken ? Promise.reject(new TypeError('secret text')) : Promise.resolve());
    await timers.start([defineTimer('work', work)]);
    await timers.set({ name: 'a', kind: 'work', tenant: 'w1', payload: { run: 'run_1' }, dueAt: DUE_LONG_AGO });
    await eventually(async () => expect(await timers.parked()).toHaveLength(1));
    expect(await timers.parked()).toEqual([
      { name: 'a', kind: 'work', tenant: 'w1', dueAt: DUE_LONG_AGO, attempts: 3, failure: 'TypeError' },
    ]);
    expect((await readiness.report()).checks).toMatchObject({
      'timers-spec': { ok: true, message: '1 timers are parked' },
    });
    broken = false;
    expect(await timers.retry('a')).toBe(true);
    await eventually(async () => expect(await timers.standing()).toEqual({ due: 0, lagMs: 0, parked: 0 }));
    expect(await timers.retry('a')).toBe(false);
    const text = await metrics.text();
    expect(text).toContain('runledger_timers_failed_total{timer="work",outcome="parked"} 1');
    expect(text).toContain('runledger_timers_fired_lateness_seconds_count{timer="work"} 1');
    expect(text).toContain('runledger_timers_parked{queue="spec"} 0');
  });

  it('find the next without reading the hundred thousand that wait', async () => {
    await pool.query(`
      insert into timers_spec.timer (name, kind, tenant, payload, due_at, next_at, epoch)
      select 'waiting ' || n, 'note', 'w1', '{}', d, d, n
      from generate_series(1, 100000) n, lateral (select now() + interval '1 hour' + n * interval '1 ms') as due (d);
      analyze timers_spec.timer`);
    const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: unknown }] }>(
      `explain (format json, analyze, buffers) select next_at from timers_spec.timer
       where parked_at is null and kind = any ('{note}') order by next_at limit 1`,
    );
    expect(JSON.stringify(rows)).toContain('timer_next');
    const fired: string[] = [];
    const timers = openTimers();
    await timers.start([defineTimer('note', ({ name }) => Promise.resolve(void fired.push(name)))]);
    await timers.set({ name: 'now', kind: 'note', tenant: 'w1', payload: null, dueAt: DUE_LONG_AGO });
    await eventually(() => expect(fired).toEqual(['now']));
    await eventually(async () => expect(await timers.standing()).toEqual({ due: 0, lagMs: 0, parked: 0 }));
  });
});

describe('processes that share timers', () => {
  const processes: ModuleProcess[] = [];
  beforeAll(async () => {
    compileProject('libs/timers');
    await pool.query('create table begun (process text, firing uuid)');
    await pool.query('create table effect (firing uuid primary key, timer text)');
  });
  afterEach(() => Promise.all(processes.splice(0).map(process => process.end('SIGKILL'))));

  it('fire each of 600 once, although one of them is killed while it fires', async () => {
    for (const name of ['ada', 'bob', 'eve']) processes.push(await timerProcess(database.url, name));
    await pool.query(`
      insert into timers_counted.timer (name, kind, tenant, payload, due_at, next_at, epoch)
      select 'timer ' || n, 'count', 'w1', '{}', d, d, nextval('timers_counted.timer_epoch')
      from generate_series(1, 600) n, lateral (select now() + n * interval '2 ms') as due (d)`);
    const setter = openTimers({ service: 'counted' });
    await setter.set({ name: 'timer 0', kind: 'count', tenant: 'w1', payload: {}, afterMs: 0 });
    await eventually(async () => expect(await count(`begun where process = 'eve'`)).toBeGreaterThan(5));
    await processes[2]?.end('SIGKILL');
    await eventually(async () => expect(await count('effect')).toBe(601));
    expect(await count('(select distinct timer from effect) as timers')).toBe(601);
    await eventually(async () => expect(await count('timers_counted.timer')).toBe(0));
    // Only what the killed one had begun was begun again.
    const twice = await count(`(select firing from begun group by firing having count(*) > 1
      and not bool_or(process = 'eve')) as repeated`);
    expect(twice).toBe(0);
    expect(await processes[0]?.end('SIGTERM')).toBe(0);
  });
});
