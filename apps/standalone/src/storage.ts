import { join } from 'node:path';
import { createPostgresEventStore, migrateEventStore, PostgresCheckpoints } from '@runledger/event-store';
import type { Checkpoints, EventStore } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import { FileBlobStore, openPostgres } from '@runledger/platform';
import type { BlobStore, Log, OpenedPostgres } from '@runledger/platform';
import { Pool } from 'pg';
import type { StandaloneConfig } from './standalone.config.js';
import { DatabaseUnusableError } from './start-errors.js';

/** Everything that outlives the process, opened. Closing it ends an embedded server. */
export interface Storage {
  readonly postgres: OpenedPostgres;
  readonly pool: Pool;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

/** `onLost` hears of an embedded server that ended and could not be started again: nothing works any more then. */
export async function openStorage(
  config: StandaloneConfig,
  log: Log,
  onLost: (error: unknown) => void,
): Promise<Storage> {
  const postgres = await openPostgres({ dataDir: join(config.home, 'postgres'), databaseUrl: config.databaseUrl });
  postgres.keepRunning({
    restarted: pid => log.warn({ pid }, 'The embedded PostgreSQL had ended and was started again.'),
    lost: onLost,
  });
  let closing = false;
  // While we close, a server that is ended may be faster than a connection that is. The error itself holds the whole client.
  const tell = (error: Error, message: string) => {
    if (!closing) log.warn({ reason: error.message }, message);
  };
  const pool = new Pool({ connectionString: postgres.url, max: 10, application_name: 'runledger services' });
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', error => tell(error, 'A database connection broke and will be made again.'));
  try {
    await migrateEventStore(pool);
  } catch (error) {
    await pool.end();
    await postgres.stop();
    const isOurs = postgres.started !== 'external' || error instanceof Fault;
    throw isOurs ? error : new DatabaseUnusableError(postgres.url, error);
  }
  const store = createPostgresEventStore({
    connectionString: postgres.url,
    onProblem: error => tell(error, 'The event store lost a connection and makes it again.'),
  });
  return {
    postgres,
    pool,
    store,
    checkpoints: new PostgresCheckpoints(pool),
    blobs: new FileBlobStore(join(config.home, 'blobs')),
    close: async () => {
      closing = true;
      await store.close();
      await pool.end();
      await postgres.stop();
    },
  };
}
