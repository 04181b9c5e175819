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
  return copyOf('template1');
}

/**
 * Makes a database as `prepare` leaves an empty one, which is done once in a run of the specs: later ones of this name are copies.
 * For tables that many specs need, none of which is about how they come to be.
 */
export async function preparedDatabase(name: string, prepare: (url: string) => Promise<void>): Promise<TestDatabase> {
  if (process.env['RUNLEDGER_TEST_SERVER_IS_NEW'] === 'yes') return copyOf(await template(name, prepare));
  const database = await testDatabase(); // a server of one's own may have what older sources prepared
  await prepare(database.url);
  return database;
}

/** Workers ask for it at the same time: one prepares it, and it has its name when it is complete. */
async function template(name: string, prepare: (url: string) => Promise<void>): Promise<string> {
  const [complete, unfinished] = [`template_${name}`, `unfinished_${name}`];
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [complete]);
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [complete]);
    if (rows.length > 0) return complete;
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${unfinished} STRATEGY file_copy`);
    await prepare(urlOf(unfinished));
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${complete}`);
    return complete;
  } finally {
    await client.end();
  }
}

async function copyOf(original: string): Promise<TestDatabase> {
  const name = `spec_${randomBytes(8).toString('hex')}`;
  // As files: half of the work of writing it to the log as well.
  await execute(serverUrl(), `CREATE DATABASE ${name} TEMPLATE ${original} STRATEGY file_copy`);
  return { url: urlOf(name), drop: () => dropDatabase(serverUrl(), name) };
}

function serverUrl(): string {
  const server = process.env['RUNLEDGER_TEST_POSTGRES_URL'];
  if (!server) throw new TypeError('There is no PostgreSQL for this spec: run it through Jest with jest.config.mjs.');
  return server;
}

function urlOf(database: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.href;
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
