import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** A database of one spec's own on the real PostgreSQL that the test run started. */
export interface TestDatabase {
  readonly url: string;
  /** Ends its connections and removes it. */
  drop(): Promise<void>;
}

/** Makes an empty database (about 30 ms). Call it in `beforeAll` and `drop()` it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = process.env['RUNLEDGER_TEST_POSTGRES_URL'];
  if (!server) throw new TypeError('There is no PostgreSQL for this spec: run it through Jest with jest.config.mjs.');
  const name = `spec_${randomBytes(8).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name} STRATEGY file_copy`); // half of the work of writing it to the log as well
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => dropDatabase(server, name) };
}

const LAST_WORDS_MS = 1_000;

/**
 * Sessions that are ending are given a moment: forced out meanwhile, their clients would report an error that no spec asked
 * for. What a spec has left open is forced.
 */
async function dropDatabase(server: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    const deadline = Date.now() + LAST_WORDS_MS;
    const sessions = 'SELECT 1 FROM pg_stat_activity WHERE datname = $1';
    while ((await client.query(sessions, [name])).rows.length > 0 && Date.now() < deadline) await delay(20);
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
