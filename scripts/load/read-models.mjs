import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const PATIENCE_MS = 120_000;

/** Per table of the gateway: how many rows, and one digest of all of them in the order of their text. */
export async function readModelDigests(databaseUrl) {
  return withClient(databaseUrl, async client => {
    const { rows: tables } = await client.query(
      `select table_name as name from information_schema.tables
        where table_schema = 'gateway' and table_type = 'BASE TABLE' and table_name not like '%migration%' order by 1`,
    );
    const digests = new Map();
    for (const { name } of tables) {
      const { rows } = await client.query(
        `select t::text as line from gateway."${name}" t order by t::text collate "C"`,
      );
      const hash = createHash('sha256');
      for (const { line } of rows) hash.update(line).update('\n');
      digests.set(name, { rows: rows.length, digest: hash.digest('hex') });
    }
    return digests;
  });
}

/** Forgets how far the read models had come, so that the next start builds them from the first event. */
export async function forgetReadModels(databaseUrl) {
  const positions = await withClient(databaseUrl, async client => {
    const { rows } = await client.query(
      `with whole as (delete from runledger.checkpoint where consumer like 'projection/%' returning consumer, position),
            parts as (delete from runledger.partition_checkpoint where consumer like 'projection/%' returning consumer, position)
       select consumer, max(position) as position from (table whole union all table parts) every group by 1`,
    );
    return new Map(rows.map(({ consumer, position }) => [consumer.replace('projection/', ''), BigInt(position)]));
  });
  return { reached: api => untilReached(api, positions) };
}

async function untilReached(api, positions) {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { projections } = await api.health();
    const behind = projections.filter(({ name, position }) => BigInt(position) < (positions.get(name) ?? 0n));
    if (behind.length === 0) return;
    if (performance.now() > until) throw new Error(`The read models are behind: ${JSON.stringify(behind)}`);
    await delay(100);
  }
}

async function withClient(databaseUrl, work) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
