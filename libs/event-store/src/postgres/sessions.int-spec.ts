import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { Sessions } from './sessions.js';

const WHO = { name: 'who', text: 'select pg_backend_pid()' };
const WAIT = { name: 'wait', text: `select pg_backend_pid(), pg_sleep(0.02)` };
const NAME = 'sessions-spec';

let database: TestDatabase;
let observer: pg.Client;
let sessions: Sessions;
beforeAll(async () => {
  database = await testDatabase();
  observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
});
beforeEach(() => {
  const connectionString = database.url;
  sessions = new Sessions({ connectionString, poolSize: 2, pool: { application_name: NAME } }, () => undefined);
});
afterAll(async () => {
  await observer.end();
  await database.drop();
});

const pidOf = async () => Number((await sessions.run(WHO, []))[0]?.[0]);
const connections = async () => {
  const { rows } = await observer.query('select from pg_stat_activity where application_name = $1', [NAME]);
  return rows.length;
};

describe('the connections of an event store', () => {
  it('serve more callers than there are connections, and end when it is closed', async () => {
    const asked = Array.from({ length: 20 }, () => sessions.run(WAIT, []));
    const pids = (await Promise.all(asked)).map(([row]) => row?.[0]);
    expect(new Set(pids).size).toBe(2);
    await Promise.all([sessions.run(WAIT, []), sessions.run(WAIT, [])]);
    await sessions.close();
    while ((await connections()) > 0) await new Promise(resolve => setTimeout(resolve, 5));
  });

  it('are kept for the next caller, unless the server has ended them meanwhile', async () => {
    const first = await pidOf();
    expect(await pidOf()).toBe(first);
    await observer.query('select pg_terminate_backend($1)', [first]);
    while ((await connections()) > 0) await new Promise(resolve => setTimeout(resolve, 5));
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(await pidOf()).not.toBe(first);
    await sessions.close();
  });
});
