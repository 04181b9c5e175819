import { testDatabase } from '@runledger/testing';
import pg from 'pg';
import type { EventStore } from '../port.js';
import type { StoreUnderTest } from '../contract/describe-event-store.js';
import { migrateEventStore } from './migrate.js';
import { createPostgresEventStore } from './postgres-event-store.js';
import type { PostgresEventStoreOptions } from './postgres-event-store.js';

export interface PostgresUnderTest extends StoreUnderTest {
  readonly url: string;
  /** For looking behind the store's back; big enough for a crowd. */
  readonly pool: pg.Pool;
  /** Opens one more store; closed with the rest. */
  openStore(more?: PostgresEventStoreOptions): EventStore;
}

/** A PostgreSQL store in a database of its own. */
export async function openPostgres(options: PostgresEventStoreOptions = {}): Promise<PostgresUnderTest> {
  const database = await testDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 30 });
  pool.on('error', () => undefined); // specs end backends on purpose
  await migrateEventStore(pool, options);
  const stores: EventStore[] = [];
  const openStore = (more: PostgresEventStoreOptions = {}) => {
    const store = createPostgresEventStore({ connectionString: database.url, poolSize: 6, ...options, ...more });
    stores.push(store);
    return store;
  };
  return {
    store: openStore(),
    another: () => openStore(),
    openStore,
    url: database.url,
    pool,
    close: async () => {
      await Promise.all(stores.map(store => store.close()));
      await pool.end();
      await database.drop();
    },
  };
}
