/** The PostgreSQL that a bench runs on: BENCH_DATABASE_URL, or an embedded one on a temporary folder, as production has it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { openPostgres } from '@runledger/platform';
import pg from 'pg';

export async function openServer() {
  const external = process.env.BENCH_DATABASE_URL;
  if (external) return { url: external, close: () => Promise.resolve() };
  const dataDir = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await openPostgres({ dataDir });
    return {
      url: server.url,
      close: async () => {
        await server.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A fresh database of its own for one module; gone afterwards. */
export async function withDatabase(serverUrl, work) {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await statement(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  try {
    return await work(url.href);
  } finally {
    await statement(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

export async function serverVersion(url) {
  const { rows } = await statement(url, `SELECT 'PostgreSQL ' || current_setting('server_version') AS version`);
  return rows[0].version;
}

async function statement(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
