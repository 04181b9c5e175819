import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { textArray } from './binary-array.js';
import { call } from './prepared-call.js';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

describe('a call of a prepared statement', () => {
  const statement = {
    name: 'kinds',
    text: `select $1::text, $2::int, $3::bigint, $4::boolean, $5::text[], $6::text[], $7::text, '', n
             from generate_series(1, $2::int) n`,
  };

  it('sends each kind of value and gets the rows as text, the second time as the first', async () => {
    const text = 'grün, 緑 and 🟢';
    const values = [text, 2, 2n ** 60n, true, ['a "b"', 'c,{}'], textArray([text]), null] as const;
    const row = [text, '2', '1152921504606846976', 't', '{"a \\"b\\"","c,{}"}', `{"${text}"}`, null, ''];
    for (const _ of ['first', 'second']) {
      expect(await call(client, statement, values)).toEqual([
        [...row, '1'],
        [...row, '2'],
      ]);
    }
  });

  it('fails with what the server says, and the connection goes on', async () => {
    const unparsable = { name: 'unparsable', text: 'select from where' };
    const dividing = { name: 'dividing', text: 'select 1 / $1::int' };
    await expect(call(client, unparsable, [])).rejects.toMatchObject({ code: '42601' });
    await expect(call(client, unparsable, [])).rejects.toMatchObject({ code: '42601' });
    await expect(call(client, dividing, [0])).rejects.toMatchObject({ code: '22012' });
    expect(await call(client, dividing, [1])).toEqual([['1']]);
  });

  it('fails when the connection breaks under it, and afterwards', async () => {
    const lost = new pg.Client({ connectionString: database.url });
    lost.on('error', () => undefined); // each call says it
    await lost.connect();
    const ending = { name: 'ending', text: 'select pg_terminate_backend(pg_backend_pid())' };
    await expect(call(lost, ending, [])).rejects.toThrow();
    await expect(call(lost, ending, [])).rejects.toThrow();
  });
});
