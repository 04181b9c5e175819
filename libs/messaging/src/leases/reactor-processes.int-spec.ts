import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { compileProject, eventually } from '@runledger/testing';
import type { ModuleProcess, TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { reactorProcess } from './reactor-process.fixture.js';

const RUNS = 40;

describe('processes that share a reactor', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: EventStore;
  let checkpoints: PostgresCheckpoints;
  const processes = new Map<string, ModuleProcess>();
  let asked = 0;

  beforeAll(async () => {
    compileProject('libs/messaging');
    database = await logDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    store = createPostgresEventStore({ connectionString: database.url });
    checkpoints = new PostgresCheckpoints(pool);
    await pool.query('create table begun (n serial, process text, at timestamptz, event uuid, run text, gpos bigint)');
    await pool.query('create table effect (n serial, event uuid primary key, run text, gpos bigint)');
  });
  beforeEach(async () => {
    for (const name of ['ada', 'bob', 'eve']) await start(name);
    await eventually(async () => expect(await shares()).toEqual([5, 5, 6]));
  });
  afterEach(async () => {
    await Promise.all([...processes.values()].map(process => process.end('SIGKILL')));
    processes.clear();
    // Who was killed would be missed for a while.
    await pool.query('truncate begun, runledger.member');
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  async function start(name: string): Promise<void> {
    const settings = { databaseUrl: database.url, name, ttlMs: 3_000, heartbeatMs: 300 };
    processes.set(name, await reactorProcess(settings));
  }

  /** How many partitions each living process has, the fewest first. */
  async function shares(): Promise<number[]> {
    return [...(await partitions()).values()].map(({ length }) => length).sort((a, b) => a - b);
  }

  /** By the name of their process. */
  async function partitions(): Promise<Map<string, number[]>> {
    const owned = new Map<string, number[]>();
    for (const { partition, owner } of await checkpoints.partitions.read('reactor/counted', 1)) {
      const [name] = owner?.split('/') ?? [];
      if (name !== undefined) owned.set(name, [...(owned.get(name) ?? []), partition]);
    }
    return owned;
  }

  /** One more event for each run. */
  async function ask(): Promise<void> {
    for (let run = 0; run < RUNS; run += 1) {
      const [id, correlationId] = [newUuid(), `run_${run}`];
      const metadata = {
        ...{ correlationId, causationId: id, workspaceId: 'ws_1', schemaVersion: 1 },
        actor: { kind: 'system' as const, id: 'spec' },
        occurredAt: '2026-01-01T00:00:00.000Z',
      };
      const event = { id, type: 'Asked', data: {}, metadata };
      await store.append({ tenant: 'ws_1', name: `question-${run}` }, [event], 'any');
    }
    asked += RUNS;
  }

  const count = async (table: string) => Number((await pool.query(`select count(*) from ${table}`)).rows[0]?.['count']);

  /** Every event has its effect, and the effects of each run came into being in the order of its events. */
  async function expectAllDone(): Promise<void> {
    await eventually(async () => expect(await count('effect')).toBe(asked));
    const { rows } = await pool.query(
      'select run from (select run, gpos, lag(gpos) over (partition by run order by n) as before from effect) e where gpos < before',
    );
    expect(rows).toEqual([]);
  }

  /** Events that more than one process has begun with. */
  async function begunTwice(): Promise<readonly string[]> {
    const { rows } = await pool.query<{ event: string }>(
      'select event from begun group by event having count(distinct process) > 1',
    );
    return rows.map(({ event }) => event);
  }

  /** By its own clock: what it had begun with may be written down later. */
  async function begunBy(name: string, until = new Date('9999-01-01')): Promise<ReadonlySet<string>> {
    const { rows } = await pool.query<{ event: string }>('select event from begun where process = $1 and at <= $2', [
      name,
      until,
    ]);
    return new Set(rows.map(({ event }) => event));
  }

  it('go on without one that is killed, and take up what it had begun', async () => {
    await ask();
    await eventually(async () => expect((await begunBy('eve')).size).toBeGreaterThan(0));
    await processes.get('eve')?.end('SIGKILL');
    await ask();
    await expectAllDone();
    await eventually(async () => expect(await shares()).toEqual([8, 8]));
    const twice = await begunTwice();
    const eves = await begunBy('eve');
    expect(twice.filter(event => !eves.has(event))).toEqual([]);
  });

  it('hand everything over when they are asked to end, and nothing is begun twice', async () => {
    await ask();
    expect(await processes.get('bob')?.end('SIGTERM')).toBe(0);
    await ask();
    await expectAllDone();
    await eventually(async () => expect(await shares()).toEqual([8, 8]));
    expect(await begunTwice()).toEqual([]);
  });

  it('begin nothing that is another’s when they wake after a long stop, and take part again', async () => {
    await ask();
    await eventually(async () => expect((await begunBy('ada')).size).toBeGreaterThan(0));
    processes.get('ada')?.freeze();
    await ask();
    await eventually(async () => expect(await shares()).toEqual([8, 8]));
    await expectAllDone();
    const thawn = new Date();
    processes.get('ada')?.thaw();
    await eventually(async () => expect(await shares()).toEqual([5, 5, 6]));
    await ask();
    await expectAllDone();
    const before = await begunBy('ada', thawn);
    expect((await begunTwice()).filter(event => !before.has(event))).toEqual([]);
    expect((await begunBy('ada')).size).toBeGreaterThan(before.size);
  });
});
