import pg from 'pg';
import { preparedDatabase, testDatabase } from './test-database.js';

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

  it('has what was prepared, once however many ask at the same time, and is nobody else’s', async () => {
    let prepared = 0;
    const open = () =>
      preparedDatabase('of_this_spec', async url => {
        prepared += 1;
        await asked(url, 'CREATE TABLE ready (id int)');
      });
    const [one, other] = await Promise.all([open(), open()]);
    await asked(one.url, 'INSERT INTO ready VALUES (1)');
    const counts = [one, other].map(({ url }) => asked(url, 'SELECT count(*)::int AS n FROM ready'));
    expect(await Promise.all(counts)).toEqual([[{ n: 1 }], [{ n: 0 }]]);
    expect(prepared).toBe(process.env['RUNLEDGER_TEST_SERVER_IS_NEW'] === 'yes' ? 1 : 2);
    await one.drop();
    await other.drop();
  });
});

async function asked(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<object>(statement);
  await client.end();
  return rows;
}
