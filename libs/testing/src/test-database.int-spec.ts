import pg from 'pg';
import { testDatabase } from './test-database.js';

describe('a database of a spec’s own', () => {
  it('is empty, real, and gone after drop even while it is in use', async () => {
    const first = await testDatabase();
    const second = await testDatabase();
    const client = new pg.Client({ connectionString: first.url });
    client.on('error', () => undefined); // drop ends this connection
    await client.connect();
    await client.query('CREATE TABLE mine (id int)');
    const other = new pg.Client({ connectionString: second.url });
    await other.connect();
    const tables = await other.query(`SELECT 1 FROM information_schema.tables WHERE table_name = 'mine'`);
    expect(tables.rows).toEqual([]);
    await other.end();
    await first.drop();
    await second.drop();
    await expect(new pg.Client({ connectionString: first.url }).connect()).rejects.toThrow(/does not exist/);
  });
});
