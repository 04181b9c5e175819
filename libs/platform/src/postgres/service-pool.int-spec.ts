import { eventually, testDatabase, testWire } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import type { Pool } from 'pg';
import { servicePool } from './service-pool.js';

describe('the connections of a service', () => {
  let database: TestDatabase;
  let pool: Pool;
  let broken: string[];

  beforeEach(async () => {
    database = await testDatabase();
    broken = [];
    pool = servicePool({ connectionString: database.url, max: 2 }, error => broken.push(error.message));
  });

  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  async function cutOff(pid: number): Promise<void> {
    await pool.query('SELECT pg_terminate_backend($1)', [pid]);
  }

  it('survive being cut off between two statements, and say so', async () => {
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await cutOff(rows[0]?.pid ?? 0);
    await eventually(() => expect(broken[0]).toMatch(/terminating connection/));
    await expect(client.query('SELECT 1')).rejects.toThrow();
    client.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('are given up in seconds when the server is gone without a word, and made again', async () => {
    const wire = await testWire(database.url);
    const distant = servicePool({ connectionString: wire.url, max: 1 }, error => broken.push(error.message));
    await distant.query('SELECT 1');
    wire.fallSilent();
    await expect(distant.query('SELECT 1')).rejects.toThrow(/has said nothing/);
    expect((await distant.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(broken).toHaveLength(1);
    await distant.end();
    await wire.close();
  });

  it('survive being cut off while nobody uses them', async () => {
    const [one, other] = [await pool.connect(), await pool.connect()];
    const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    one.release();
    await other.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await eventually(() => expect(broken.length).toBeGreaterThan(0));
    other.release();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
