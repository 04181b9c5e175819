import { readFileSync } from 'node:fs';
import { Fault } from '@runledger/kernel';
import type { Pool } from 'pg';
import { checkSchema, migrateSchema } from './migrate-schema.js';
import type { MigrationReport, SchemaHistory } from './migrate-schema.js';

/** Schema of the event store when nothing else is said. */
const DEFAULT_SCHEMA = 'runledger';

/** Applied in this order, each once; a shipped file never changes. Written for the default schema. */
const MIGRATIONS = [
  '0001-log',
  '0002-append',
  '0003-tail',
  '0004-partitions',
  '0005-parked-events',
  '0006-subject-keys',
  '0007-clock-set-back',
] as const;

/** Brings the store's schema to today's version. Safe to call from many processes at once, and again. */
export async function migrateEventStore(
  pool: Pool,
  options: { readonly schema?: string; readonly report?: MigrationReport } = {},
): Promise<void> {
  await migrateSchema(pool, historyOf(options.schema), options.report);
}

/** Throws `OutdatedSchemaError` or `NewerSchemaError` unless the store's schema is at today's version. Changes nothing. */
export async function checkEventStore(pool: Pool, options: { readonly schema?: string } = {}): Promise<void> {
  await checkSchema(pool, historyOf(options.schema));
}

function historyOf(schema?: string): SchemaHistory {
  const checked = checkedSchema(schema);
  return {
    schema: checked,
    migrations: MIGRATIONS.map(name => ({ name, sql: inSchema(readMigration(name), checked) })),
  };
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
