import { join } from 'node:path';
import { createPostgresEventStore, migrateEventStore, PostgresCheckpoints } from '@runledger/event-store';
import type { Checkpoints, EventStore } from '@runledger/event-store';
import { FileBlobStore, openPostgres } from '@runledger/platform';
import type { BlobStore, Log, OpenedPostgres } from '@runledger/platform';
import { Pool } from 'pg';
import type { StandaloneConfig } from './standalone.config.js';

/** Everything that outlives the process, opened. Closing it ends an embedded server. */
export interface Storage {
  readonly postgres: OpenedPostgres;
  readonly pool: Pool;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

export async function openStorage(config: StandaloneConfig, log: Log): Promise<Storage> {
  const postgres = await openPostgres({ dataDir: join(config.home, 'postgres'), databaseUrl: config.databaseUrl });
  const pool = new Pool({ connectionString: postgres.url, max: 10, application_name: 'runledger services' });
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', error => log.warn({ err: error }, 'A database connection broke and will be made again.'));
  try {
    await migrateEventStore(pool);
  } catch (error) {
    await pool.end();
    await postgres.stop();
    throw error;
  }
  const store = createPostgresEventStore({
    connectionString: postgres.url,
    onProblem: error => log.warn({ err: error }, 'The event store lost a connection and makes it again.'),
  });
  return {
    postgres,
    pool,
    store,
    checkpoints: new PostgresCheckpoints(pool),
    blobs: new FileBlobStore(join(config.home, 'blobs')),
    close: async () => {
      await store.close();
      await pool.end();
      await postgres.stop();
    },
  };
}
