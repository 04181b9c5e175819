import { checkEventStore, checkSchema, migrateEventStore, migrateSchema } from '@runledger/event-store';
import type { MigrationReport } from '@runledger/event-store';
import { readModelSource } from '@runledger/gateway';
import { checkReadModels, migrateReadModels } from '@runledger/projections';
import { SANDBOX_SCHEMA } from '@runledger/sandbox';
import { Pool } from 'pg';
import { refreshRoles } from './database-roles.js';

/**
 * Brings every schema of the database to what this program needs: the event store, the sandbox service's, the read models;
 * and, where roles are used, what the roles may do with it. May be run by many processes at once: one works, the others wait.
 */
export async function migrateDatabase(url: string, report: MigrationReport): Promise<void> {
  await withPool(url, async pool => {
    await migrateEventStore(pool, { report });
    await migrateSchema(pool, SANDBOX_SCHEMA, report);
    await withReadModels(url, source => migrateReadModels(source, report));
    await refreshRoles(pool, report);
  });
}

/** What a process of this service needs of the database beside the event store. */
export type OwnSchema = 'sandbox' | 'gateway';

/**
 * Throws `OutdatedSchemaError` or `NewerSchemaError` unless the event store and the named schemas are what this program
 * needs. Changes nothing: for processes that are told not to migrate.
 */
export async function checkDatabase(pool: Pool, url: string, own: readonly OwnSchema[]): Promise<void> {
  await checkEventStore(pool);
  if (own.includes('sandbox')) await checkSchema(pool, SANDBOX_SCHEMA);
  if (own.includes('gateway')) await withReadModels(url, checkReadModels);
}

async function withReadModels<T>(url: string, work: (source: ReturnType<typeof readModelSource>) => Promise<T>) {
  const source = readModelSource(url);
  try {
    return await work(source);
  } finally {
    if (source.isInitialized) await source.destroy();
  }
}

async function withPool(url: string, work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 2, application_name: 'runledger migrate' });
  pool.on('error', () => undefined); // a broken connection fails the query that needs it
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}
