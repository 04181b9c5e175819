import { migrateSchema } from '@runledger/event-store';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { TimerTable } from './timer-table.js';
import { timersHistory } from './timer-tables.js';
import type { Claimed } from './timer-table.js';

const LONG_MS = 600_000;
let database: TestDatabase;
let pool: Pool;
let table: TimerTable;

beforeAll(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url, max: 2 });
  await migrateSchema(pool, timersHistory('spec'));
  table = new TimerTable(pool, 'spec');
});
afterEach(() => pool.query('truncate timers_spec.timer'));
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const set = (name: string, dueAt = '2020-01-01T00:00:00.000Z') =>
  table.set({ name, kind: 'note', tenant: 'w1', payload: {}, dueAt }, { payload: '{}', dueAt, afterMs: undefined });
const claim = async (leaseMs: number, limit = 10) => table.claim(['note'], limit, leaseMs);
/** Of a timer that is due: the claim of a process that died, and that of the one that took it over. */
async function takenOver(): Promise<readonly [Claimed, Claimed]> {
  await set('a');
  const [dead] = await claim(1);
  const taken = await eventually(async () => {
    const [other] = await claim(LONG_MS);
    expect(other).toBeDefined();
    return other!;
  });
  return [dead!, taken];
}
const rows = async () =>
  (await pool.query<object>('select name, next_at, attempts, failure, parked_at from timers_spec.timer')).rows;

describe('a claim of a timer', () => {
  it('that is over changes nothing any more, whatever became of the firing (R3)', async () => {
    const [dead, other] = await takenOver();
    const before = await rows();
    expect(before).toMatchObject([{ name: 'a', attempts: 2, failure: null, parked_at: null }]);
    await table.done(dead);
    await table.failed(dead, 'TypeError', 0);
    await table.park(dead, 'TypeError');
    await table.renew([dead], 1);
    expect(await rows()).toEqual(before);
    await table.done(other);
    expect(await rows()).toEqual([]);
  });

  it('takes the oldest first, and no more than were asked for', async () => {
    for (const year of ['2022', '2020', '2021']) await set(year, `${year}-01-01T00:00:00.000Z`);
    const taken = [];
    for (let n = 0; n < 3; n += 1) taken.push((await claim(LONG_MS, 1)).map(({ firing }) => firing.name));
    expect(taken).toEqual([['2020'], ['2021'], ['2022']]);
  });

  it('is not made of a timer that is parked, however long ago that was, until somebody retries it', async () => {
    await set('a');
    const [claimed] = await claim(1);
    await table.park(claimed!, 'TypeError');
    await pool.query(`update timers_spec.timer set next_at = now() - interval '1 day'`);
    expect(await claim(LONG_MS)).toEqual([]);
    expect(await table.nextInMs(['note'])).toBeUndefined();
    expect(await table.standing()).toEqual({ due: 0, lagMs: 0, parked: 1 });
    expect(await table.retry('a')).toBe(true);
    expect(await claim(LONG_MS)).toMatchObject([{ firing: { name: 'a', attempt: 1 } }]);
    expect(await rows()).toMatchObject([{ failure: null, parked_at: null }]);
  });

  it('ends with a failure: a renewal that was under way does not put the next attempt off', async () => {
    await set('a');
    const [claimed] = await claim(LONG_MS);
    await table.failed(claimed!, 'TypeError', 60_000);
    const [before, inMs] = [await rows(), await table.nextInMs(['note'])];
    expect(inMs).toBeGreaterThan(50_000);
    expect(inMs).toBeLessThanOrEqual(60_000);
    await table.renew([claimed!], LONG_MS);
    expect(await rows()).toEqual(before);
  });

  it('is not of a timer that was set anew meanwhile, although that one has the same name', async () => {
    await set('a');
    const [claimed] = await claim(LONG_MS);
    await set('a', '2021-01-01T00:00:00.000Z');
    await table.done(claimed!);
    expect(await rows()).toMatchObject([{ name: 'a', attempts: 0 }]);
  });
});

it('the next look is for the first that is due of those kinds that are asked for', async () => {
  expect(await table.nextInMs(['note'])).toBeUndefined();
  const set = (name: string, kind: string, afterMs: number) =>
    table.set({ name, kind, tenant: 'w1', payload: {}, afterMs }, { payload: '{}', dueAt: undefined, afterMs });
  await set('later', 'note', 600_000);
  await set('sooner', 'note', 300_000);
  await set('another', 'unheard-of', 1_000);
  const inMs = await table.nextInMs(['note']);
  expect(inMs).toBeGreaterThan(200_000);
  expect(inMs).toBeLessThanOrEqual(300_000);
});

it('timers that are due and that nobody has begun are late since they were due', async () => {
  await set('a', new Date(Date.now() - 3_600_000).toISOString());
  const { due, lagMs, parked } = await table.standing();
  expect([due, parked]).toEqual([1, 0]);
  expect(lagMs).toBeGreaterThanOrEqual(3_600_000);
  expect(lagMs).toBeLessThan(3_600_000 + LONG_MS);
  await claim(LONG_MS);
  expect(await table.standing()).toEqual({ due: 0, lagMs: 0, parked: 0 });
});

it('the parked ones are told of, the latest first and no more than were asked for', async () => {
  for (const name of ['first', 'second', 'third']) {
    await set(name);
    const [claimed] = await claim(LONG_MS);
    await table.park(claimed!, 'TypeError');
  }
  expect((await table.parked(2)).map(({ name }) => name)).toEqual(['third', 'second']);
});
