import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { anEvent, events, freshStream } from '../contract/contract-world.js';
import { migrateEventStore } from './migrate.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

let under: PostgresUnderTest;
let checkpoints: PostgresCheckpoints;
beforeAll(async () => {
  under = await openPostgres();
  checkpoints = new PostgresCheckpoints(under.pool);
  await under.store.append(freshStream(), events(20), 'no-stream');
});
afterAll(async () => {
  await under.close();
});

describe('a checkpoint', () => {
  it('starts at the start and stays where it was moved', async () => {
    const lease = await checkpoints.acquire('timeline', 1, 'ada');
    expect(lease).toMatchObject({ consumer: 'timeline', version: 1, owner: 'ada', position: 0n });
    const moved = await checkpoints.advance(await checkpoints.advance(lease, 3n), 7n);
    expect(moved.position).toBe(7n);
    expect(await checkpoints.read('timeline', 1)).toBe(7n);
    expect((await checkpoints.acquire('timeline', 1, 'eve')).position).toBe(7n);
    expect(await checkpoints.read('timeline', 2)).toBeUndefined();
  });

  it('belongs to its newest owner (R3)', async () => {
    const old = await checkpoints.acquire('reactor', 1, 'ada');
    const fresh = await checkpoints.acquire('reactor', 1, 'eve');
    expect(fresh.epoch).toBeGreaterThan(old.epoch);
    await expect(checkpoints.advance(old, 5n)).rejects.toMatchObject({ code: 'FENCED', fields: { owner: 'ada' } });
    expect((await checkpoints.advance(fresh, 6n)).position).toBe(6n);
  });

  it('has one winner when many take it at once', async () => {
    const leases = await Promise.all(
      Array.from({ length: 8 }, (_, n) => checkpoints.acquire('crowd', 1, `owner-${n}`)),
    );
    expect(new Set(leases.map(({ epoch }) => epoch)).size).toBe(8);
    const moves = await Promise.allSettled(leases.map(lease => checkpoints.advance(lease, 2n)));
    expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('moves with the transaction that it is moved in, or not at all (P1)', async () => {
    const lease = await checkpoints.acquire('rows', 1, 'ada');
    const client = await under.pool.connect();
    await client.query('begin');
    await checkpoints.advance(lease, 4n, client);
    await client.query('rollback');
    expect(await checkpoints.read('rows', 1)).toBe(0n);
    await client.query('begin');
    await checkpoints.advance(lease, 5n, client);
    await client.query('commit');
    client.release();
    expect(await checkpoints.read('rows', 1)).toBe(5n);
    await expect(checkpoints.advance(lease, 6n)).rejects.toMatchObject({ code: 'FENCED' });
  });

  it('never moves back', async () => {
    const lease = await checkpoints.acquire('forwards', 1, 'ada');
    const moved = await checkpoints.advance(lease, 9n);
    await expect(checkpoints.advance(moved, 8n)).rejects.toThrow(RangeError);
  });

  it('is refused when the log was restored from an older copy', async () => {
    const head = await under.store.head();
    const lease = await checkpoints.acquire('restored', 1, 'ada');
    await checkpoints.advance(lease, head);
    await under.pool.query('delete from runledger.event where gpos > 10');
    await under.pool.query(`select setval('runledger.gpos', 10)`);
    await expect(checkpoints.acquire('restored', 1, 'ada')).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await expect(under.store.readAll({ after: head })).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await under.pool.query(`select setval('runledger.gpos', $1)`, [String(head)]);
  });

  it('is refused when it was taken against another log', async () => {
    await checkpoints.acquire('moved', 1, 'ada');
    await under.pool.query(`update runledger.store set epoch = gen_random_uuid()`);
    await expect(checkpoints.acquire('moved', 1, 'ada')).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });
});

describe('the schema of the event store', () => {
  it('is made once, however many processes start at the same time', async () => {
    const schema = 'many_starts';
    await Promise.all(Array.from({ length: 5 }, () => migrateEventStore(under.pool, { schema })));
    const { rows } = await under.pool.query<{ version: number }>(
      `select version from ${schema}.migration order by version`,
    );
    const migrations = readdirSync(join(import.meta.dirname, 'migrations'));
    expect(rows.map(({ version }) => version)).toEqual(migrations.map((_name, index) => index + 1));
  });

  it('keeps two logs in one database apart', async () => {
    await migrateEventStore(under.pool, { schema: 'second_log' });
    const second = under.openStore({ schema: 'second_log' });
    await second.append(freshStream(), [anEvent()], 'no-stream');
    expect((await second.readAll({ after: 0n })).events).toHaveLength(1);
    await second.close();
  });

  it('is not touched by a program that is older than it', async () => {
    await migrateEventStore(under.pool, { schema: 'from_tomorrow' });
    await under.pool.query(`insert into from_tomorrow.migration (version, name) values (99, '0099-tomorrow')`);
    const attempt = migrateEventStore(under.pool, { schema: 'from_tomorrow' });
    await expect(attempt).rejects.toMatchObject({ code: 'NEWER_SCHEMA', fields: { version: 99 } });
  });

  it.each(['Capital', 'with-dash', 'x; drop table y', ''])('cannot be named %j', async schema => {
    await expect(migrateEventStore(under.pool, { schema })).rejects.toMatchObject({ code: 'INVALID_SCHEMA_NAME' });
  });

  it('keeps every byte of the JSON that was written', async () => {
    const data = `{"b": 1e2,"a":9007199254740993, "a":"\\u0000\\/"}`;
    const values = ['ws_bytes', 'thing-bytes', [data], ['{}']];
    await under.pool.query(
      `select runledger.append($1, $2, -2, array[gen_random_uuid()], '{T}', '{run_1}', $3, $4, false)`,
      values,
    );
    const { rows } = await under.pool.query(`select data::text from runledger.event where tenant = 'ws_bytes'`);
    expect(rows).toEqual([{ data }]);
  });

  it('refuses to be read or written above READ COMMITTED, where the order could not be kept', async () => {
    const client = await under.pool.connect();
    for (const level of ['repeatable read', 'serializable']) {
      await client.query(`begin isolation level ${level}`);
      await expect(client.query('select runledger.head()')).rejects.toMatchObject({ code: '0A000' });
      await client.query('rollback');
    }
    client.release();
  });

  it('is used at READ COMMITTED whatever the database defaults to', async () => {
    const name = new URL(under.url).pathname.slice(1);
    await under.pool.query(`alter database ${name} set default_transaction_isolation = 'serializable'`);
    const store = under.another();
    expect(await store.append(freshStream(), [anEvent()], 'any')).toMatchObject({ status: 'appended' });
    expect(await store.head()).toBeGreaterThan(0n);
    await store.close();
    await under.pool.query(`alter database ${name} reset default_transaction_isolation`);
  });
});
