import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { defineTimer, PostgresTimers } from '@runledger/timers';
import { Pool } from 'pg';
import { migrateDatabase } from './migrate-database.js';
import { parkedTimers, retryTimers } from './parked-timers.js';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url, max: 4 });
  await migrateDatabase(database.url, () => undefined);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

it('a timer that failed for good is shown to a person, who lets it fire again', async () => {
  const retry = { attempts: 2, retryableAttempts: 2, firstDelayMs: 1, maxDelayMs: 2 };
  const timers = new PostgresTimers({ database: pool, service: 'approval', retry, lookEveryMs: 50 });
  let broken = true;
  let fired = 0;
  const remind = defineTimer('remind', () => {
    if (broken) return Promise.reject(new RangeError('not today'));
    fired += 1;
    return Promise.resolve();
  });
  await timers.start([remind]);
  try {
    const dueAt = '2026-01-01T00:00:00.000Z';
    await timers.set({ name: 'remind:apr_1', kind: 'remind', tenant: 'w1', payload: {}, dueAt });
    await eventually(async () => {
      expect(await parkedTimers(pool)).toEqual([
        'orchestrator: 0 parked, 0 due',
        'approval: 1 parked, 0 due',
        `  remind:apr_1  was due ${dueAt}, tried 2 times: RangeError`,
        'sandbox: 0 parked, 0 due',
      ]);
    });
    broken = false;
    expect(await retryTimers(pool, ['remind:apr_1', 'nobody'])).toEqual(['nobody']);
    await eventually(() => expect(fired).toBe(1));
    await eventually(async () => expect((await parkedTimers(pool))[1]).toBe('approval: 0 parked, 0 due'));
  } finally {
    await timers.stop();
  }
});
