import { jest } from '@jest/globals';
import { migrateSchema } from '@runledger/event-store';
import { SILENT } from '@runledger/messaging';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Membership } from './membership.js';
import type { Liveness } from './membership.js';
import type { Tenure } from './tenure.js';
import { SANDBOX_SCHEMA } from './work-tables.js';
import { WorkerTable } from './worker-table.js';

const NEVER = 1_000_000_000;

describe('workers among each other', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let table: WorkerTable;
  const members: Membership[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    await migrateSchema(pool, SANDBOX_SCHEMA);
    table = new WorkerTable(pool);
  });
  afterEach(async () => {
    await Promise.all(members.splice(0).map(member => member.stop()));
    await pool.query('TRUNCATE sandbox.open_runs, sandbox.workers');
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function start(worker: string, liveness: Partial<Liveness> = {}) {
    const story: string[] = [];
    const tenures: Tenure[] = [];
    const membership = new Membership({
      worker,
      table,
      liveness: { beatEveryMs: NEVER, ttlMs: 60_000, returnWithinMs: 0, ...liveness },
      log: { ...SILENT, error: fields => story.push((fields as { error: { code: string } }).error.code) },
      member: {
        joined: tenure => {
          tenures.push(tenure);
          story.push('joined');
          return Promise.resolve();
        },
        lost: () => {
          story.push('lost');
          return Promise.resolve();
        },
        othersDied: () => story.push('others died'),
      },
    });
    members.push(membership);
    await membership.start();
    return { membership, story, tenures };
  }

  const nobodyStops = new AbortController().signal;
  const silenced = (worker: string) =>
    pool.query(`UPDATE sandbox.workers SET alive_until = clock_timestamp() - interval '1 s' WHERE worker = $1`, [
      worker,
    ]);
  const alive = async () =>
    (await pool.query('SELECT worker FROM sandbox.workers ORDER BY 1')).rows.map(row => row.worker as string);
  const runAt = (worker: string) =>
    pool.query(
      `INSERT INTO sandbox.open_runs (workspace_id, run_id, worker, files_at) VALUES ('ws', 'run_1', $1, $1)`,
      [worker],
    );

  it('bury the one that fell silent, and its runs are without a home at once', async () => {
    await start('silent');
    await runAt('silent');
    const { story } = await start('steady', { ttlMs: 400, beatEveryMs: 40 });
    await silenced('silent');
    await eventually(() => story.includes('others died'));
    expect(await alive()).toEqual(['steady']);
    expect((await pool.query('SELECT worker, files_at FROM sandbox.open_runs')).rows).toEqual([
      { worker: null, files_at: 'silent' },
    ]);
  });

  it('bury as well in a process that has only just begun', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(100);
    await start('silent');
    const { story, membership } = await start('steady');
    await silenced('silent');
    clock.mockReturnValue(200);
    await membership.beat();
    clock.mockReturnValue(29_000);
    await membership.beat();
    clock.mockReturnValue(58_000);
    await membership.beat();
    expect(story).toEqual(['joined']);
    clock.mockReturnValue(61_000);
    await membership.beat();
    clock.mockRestore();
    expect(story).toEqual(['joined', 'others died']);
  });

  it('let one that was buried find out before it goes on, and join again', async () => {
    const { membership, story, tenures } = await start('slow', { ttlMs: 1 });
    await pool.query('DELETE FROM sandbox.workers'); // what burying does
    await delay(2); // both statements may take less than its heartbeat counts
    expect(await tenures[0]!.holds(nobodyStops)).toBe(false);
    expect(story).toEqual(['joined', 'lost']);
    await eventually(async () => {
      await membership.beat();
      return story.includes('joined', 2);
    });
    expect(await alive()).toEqual(['slow']);
    expect(tenures[1]!.id).not.toBe(tenures[0]!.id);
  });

  it('let one that was only slow go on', async () => {
    const { story, tenures } = await start('slow', { ttlMs: 200 });
    await silenced('slow');
    expect(await tenures[0]!.holds(nobodyStops)).toBe(true);
    expect(story).toEqual(['joined']);
  });

  it('bury nobody before their own heartbeats have come through for a while: the database may have been away', async () => {
    await start('other');
    await silenced('other');
    const { membership } = await start('new');
    for (let beats = 0; beats < 3; beats += 1) await membership.beat();
    expect(await alive()).toEqual(['new', 'other']);
  });

  it('bury nobody when they were silent themselves, and did not know it yet', async () => {
    const { tenures } = await start('frozen');
    await start('other');
    await pool.query(`UPDATE sandbox.workers SET alive_until = clock_timestamp() - interval '1 s'`);
    expect(await table.buryDead(tenures[0]!)).toEqual([]);
    expect(await alive()).toEqual(['frozen', 'other']);
  });

  it('stay out while another process lives under their name', async () => {
    const { membership, story } = await start('twin');
    await start('twin');
    await membership.beat();
    await membership.beat();
    await membership.beat();
    expect(story).toEqual(['joined', 'lost', 'WORKER_NAME_TAKEN']);
  });

  it('give their runs away at once when they leave for good, and keep them when they come back', async () => {
    const leaving = await start('leaving');
    await leaving.membership.stop();
    const returning = await start('returning', { returnWithinMs: 60_000 });
    await runAt('returning');
    await returning.membership.stop();
    expect(await alive()).toEqual(['returning']);
    await start('returning');
    expect((await pool.query('SELECT worker FROM sandbox.open_runs')).rows).toEqual([{ worker: 'returning' }]);
  });
});
