import { readFileSync } from 'node:fs';
import { Fault } from '@runledger/kernel';
import type { Pool, PoolClient } from 'pg';

/** Schema of the event store when nothing else is said. */
export const DEFAULT_SCHEMA = 'runledger';

/** Applied in this order, each once; a shipped file never changes. Written for the default schema. */
const MIGRATIONS = ['0001-log', '0002-append', '0003-tail', '0004-partitions'] as const;

/** The database was migrated by a newer program: upgrade this one. */
export class NewerSchemaError extends Fault {
  constructor(schema: string, version: number) {
    super(
      'NEWER_SCHEMA',
      `Schema ${schema} is at version ${version}, this program knows ${MIGRATIONS.length}: upgrade the program.`,
      { fields: { schema, version, known: MIGRATIONS.length } },
    );
  }
}

/** Brings the store's schema to today's version. Safe to call from many processes at once, and again. */
export async function migrateEventStore(pool: Pool, options: { readonly schema?: string } = {}): Promise<void> {
  const schema = checkedSchema(options.schema);
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin isolation level read committed');
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 18003))', [schema]);
    await applyMissing(client, schema);
    await client.query('commit');
    broken = false;
  } finally {
    client.release(broken);
  }
}

async function applyMissing(client: PoolClient, schema: string): Promise<void> {
  await client.query(`create schema if not exists ${schema}`);
  await client.query(
    `create table if not exists ${schema}.migration
       (version int primary key, name text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ version: number }>(
    `select coalesce(max(version), 0) as version from ${schema}.migration`,
  );
  const applied = rows[0]?.version ?? 0;
  if (applied > MIGRATIONS.length) throw new NewerSchemaError(schema, applied);
  for (const [index, name] of MIGRATIONS.entries()) {
    if (index < applied) continue;
    await client.query(inSchema(readMigration(name), schema));
    await client.query(`insert into ${schema}.migration (version, name) values ($1, $2)`, [index + 1, name]);
  }
}

function readMigration(name: string): string {
  return readFileSync(new URL(`./migrations/${name}.sql`, import.meta.url), 'utf8');
}

/** Statements are written for the default schema; this names another one. */
export function inSchema(sql: string, schema: string): string {
  return schema === DEFAULT_SCHEMA ? sql : sql.replaceAll(/\brunledger\./g, `${schema}.`);
}

/** A schema name that needs no quoting. */
export function checkedSchema(schema: string = DEFAULT_SCHEMA): string {
  if (/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) return schema;
  throw new Fault(
    'INVALID_SCHEMA_NAME',
    `"${schema}" cannot name the event store's schema: use up to 41 lower-case letters, digits and underscores.`,
    { fields: { schema } },
  );
}
