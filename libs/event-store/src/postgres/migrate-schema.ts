import { Fault } from '@runledger/kernel';
import type { Pool, PoolClient } from 'pg';

/** A schema and how it came to be: applied in this order, each once; a shipped one never changes. */
export interface SchemaHistory {
  readonly schema: string;
  readonly migrations: readonly { readonly name: string; readonly sql: string }[];
}

/** Told, in words for people, what a migration is doing. */
export type MigrationReport = (line: string) => void;

/** The database was migrated by a newer program than this one, which might spoil what it does not know. */
export class NewerSchemaError extends Fault {
  constructor(schema: string, version: number | string, known: number | string) {
    super(
      'NEWER_SCHEMA',
      `Schema ${schema} is at version ${version}, this program knows ${known}: a newer program has migrated this database. ` +
        'Start that version or a later one, or restore the backup that was made before the upgrade.',
      { fields: { schema, version, known } },
    );
  }
}

/** The database lacks migrations, and this process was told not to run them. */
export class OutdatedSchemaError extends Fault {
  constructor(schema: string, version: number | string, known: number | string, cause?: unknown) {
    super(
      'OUTDATED_SCHEMA',
      `Schema ${schema} is at version ${version}, this program needs ${known}: run "npm run migrate" (in the image: the command migrate) with the database's migrating role, then start this again.`,
      { fields: { schema, version, known }, ...(cause === undefined ? {} : { cause }) },
    );
  }
}

/**
 * Brings the schema to today's version. Safe to call from many processes at once: one migrates, the others wait. A schema
 * that is up to date is only looked at, which every role that may read it can do; throws {@link OutdatedSchemaError} when
 * there is something to do that this role may not.
 */
export async function migrateSchema(
  pool: Pool,
  history: SchemaHistory,
  report: MigrationReport = () => undefined,
): Promise<void> {
  const { schema, migrations } = history;
  const version = await versionOf(pool, history);
  if (version < migrations.length) {
    await migrateAlone(pool, history, report).catch((error: unknown) => {
      const denied = (error as { code?: unknown } | null)?.code === '42501';
      throw denied ? new OutdatedSchemaError(schema, version, migrations.length, error) : error;
    });
  }
  report(`${schema}: up to date at version ${migrations.length}`);
}

async function migrateAlone(pool: Pool, history: SchemaHistory, report: MigrationReport): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin isolation level read committed');
    await lockOut(client, history.schema, report);
    await applyMissing(client, history, report);
    await client.query('commit');
    broken = false;
  } finally {
    client.release(broken);
  }
}

/** Throws {@link OutdatedSchemaError} or {@link NewerSchemaError} unless the schema is at today's version. Changes nothing. */
export async function checkSchema(pool: Pool, history: SchemaHistory): Promise<void> {
  const version = await versionOf(pool, history);
  const known = history.migrations.length;
  if (version < known) throw new OutdatedSchemaError(history.schema, version, known);
}

/** 0 for a schema that is not there yet. */
async function versionOf(database: Pool | PoolClient, { schema, migrations }: SchemaHistory): Promise<number> {
  const { rows: found } = await database.query<{ there: boolean }>(
    `select exists (select from pg_class where relname = 'migration' and relnamespace = to_regnamespace($1)) as there`,
    [schema],
  );
  if (!found[0]?.there) return 0;
  const { rows } = await database.query<{ version: number }>(
    `select coalesce(max(version), 0) as version from ${schema}.migration`,
  );
  const version = rows[0]?.version ?? 0;
  if (version > migrations.length) throw new NewerSchemaError(schema, version, migrations.length);
  return version;
}

async function lockOut(client: PoolClient, schema: string, report: MigrationReport): Promise<void> {
  const key = 'hashtextextended($1, 18003)';
  const { rows } = await client.query<{ got: boolean }>(`select pg_try_advisory_xact_lock(${key}) as got`, [schema]);
  if (rows[0]?.got) return;
  report(`${schema}: another process is migrating it; waiting for it to end`);
  await client.query(`select pg_advisory_xact_lock(${key})`, [schema]);
}

async function applyMissing(client: PoolClient, history: SchemaHistory, report: MigrationReport): Promise<void> {
  const { schema, migrations } = history;
  const applied = await versionOf(client, history);
  if (applied === 0) await prepare(client, schema);
  for (const [index, { name, sql }] of migrations.entries()) {
    if (index < applied) continue;
    const began = performance.now();
    await client.query(sql);
    await client.query(`insert into ${schema}.migration (version, name) values ($1, $2)`, [index + 1, name]);
    report(
      `${schema}: ${name} applied, ${index + 1} of ${migrations.length} (${Math.round(performance.now() - began)} ms)`,
    );
  }
}

async function prepare(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>('select to_regnamespace($1) is not null as there', [schema]);
  if (!rows[0]?.there) await client.query(`create schema ${schema}`);
  await client.query(
    `create table if not exists ${schema}.migration
       (version int primary key, name text not null, applied_at timestamptz not null default now())`,
  );
}
