import { preparedDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { migrateEventStore } from './postgres/migrate.js';

/**
 * A database with an empty log. Its tables are made once in a run of the specs and copied from then on, so all of these logs are of
 * one epoch: how tables come to be, and logs that must not be taken for each other, are for a database of `testDatabase`.
 */
export function logDatabase(): Promise<TestDatabase> {
  return preparedDatabase('log', async url => {
    const pool = new pg.Pool({ connectionString: url });
    try {
      await migrateEventStore(pool);
    } finally {
      await pool.end();
    }
  });
}
