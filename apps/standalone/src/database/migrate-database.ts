import { APPROVAL_SCHEMA } from '@runledger/approval/tables';
import { AUDIT_SCHEMA } from '@runledger/audit/tables';
import { checkEventStore, checkSchema, migrateEventStore, migrateSchema } from '@runledger/event-store';
import type { MigrationReport, SchemaHistory } from '@runledger/event-store';
import { servicePool } from '@runledger/platform';
import type * as Projections from '@runledger/projections';
import { SANDBOX_SCHEMA } from '@runledger/sandbox/tables';
import { timersHistory } from '@runledger/timers';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { TIMED_SERVICES } from '../timed-services.js';
import { refreshRoles } from './database-roles.js';
import { requireServer } from './server-version.js';

/** The tables that services have beside their streams; the read models' come by another way. */
const OWN_TABLES: readonly SchemaHistory[] = [
  SANDBOX_SCHEMA,
  APPROVAL_SCHEMA,
  AUDIT_SCHEMA,
  ...TIMED_SERVICES.map(timersHistory),
];

/**
 * Brings every schema of the database to what this program needs: the event store, the services' own tables, the read models;
 * and, where roles are used, what the roles may do with it. May be run by many processes at once: one works, the others wait.
 */
export async function migrateDatabase(url: string, report: MigrationReport): Promise<void> {
  await withPool(url, async pool => {
    await requireServer(pool);
    await migrateEventStore(pool, { report });
    for (const history of OWN_TABLES) await migrateSchema(pool, history, report);
    await withReadModels(url, ({ migrateReadModels }, source) => migrateReadModels(source, report));
    await refreshRoles(pool, report);
  });
}

/**
 * Throws `OutdatedSchemaError` or `NewerSchemaError` unless the event store, and the schemas that the role of this process
 * may use, are what this program needs. Changes nothing: for processes that are told not to migrate.
 */
export async function checkDatabase(pool: Pool, url: string): Promise<void> {
  await checkEventStore(pool);
  for (const history of OWN_TABLES) if (await isOurs(pool, history.schema)) await checkSchema(pool, history);
  if (await isOurs(pool, 'gateway'))
    await withReadModels(url, ({ checkReadModels }, source) => checkReadModels(source));
}

/** A schema that is missing is looked for as well. */
async function isOurs(pool: Pool, schema: string): Promise<boolean> {
  const { rows } = await pool.query<{ ours: boolean }>(
    `select coalesce(has_schema_privilege(to_regnamespace($1)::oid, 'usage'), true) as ours`,
    [schema],
  );
  return rows[0]?.ours ?? true;
}

/** The gateway is loaded for it alone: a process of another service need not. */
async function withReadModels<T>(
  url: string,
  work: (projections: typeof Projections, source: DataSource) => Promise<T>,
): Promise<T> {
  const [projections, { readModelSource }] = await Promise.all([
    import('@runledger/projections'),
    import('@runledger/gateway'),
  ]);
  const source = readModelSource(url);
  try {
    return await work(projections, source);
  } finally {
    if (source.isInitialized) await source.destroy();
  }
}

async function withPool(url: string, work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger migrate' });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}
