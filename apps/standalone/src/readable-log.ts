import { join } from 'node:path';
import { catalogue } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { openBlobs, readableStore, SubjectKeys } from '@runledger/platform';
import type { BlobStores } from '@runledger/platform';
import { openEventLog, readStorageConfig } from '@runledger/platform/storage';
import type { EventLog } from '@runledger/platform/storage';
import type { Pool } from 'pg';
import { readDatabaseConfig } from './database/database.config.js';

/** The log as services read and write it, for commands beside them. */
export function readableLog(
  store: EventStore,
  { pool, blobs }: { readonly pool: Pool; readonly blobs: BlobStores },
): EventStore {
  return readableStore(store, { blobs, catalogue, subjectKeys: new SubjectKeys(pool) });
}

/** Opens the log of EVENT_STORE for commands beside the services, which read it as these do, with the blobs that belong to it. Its store is for whoever opened it to close. */
export async function openReadableLog(
  databaseUrl: string,
  pool: Pool,
): Promise<Pick<EventLog, 'store' | 'checkpoints'>> {
  const { eventStore: config, blobs: settings } = readStorageConfig();
  const { home } = readDatabaseConfig();
  const blobs = await openBlobs(settings ?? { kind: 'directory', root: join(home, 'blobs') });
  const onProblem = () => undefined; // a broken connection fails the query that needs it
  const { store, checkpoints } = await openEventLog({ config, databaseUrl, pool, onProblem });
  return { store: readableLog(store, { pool, blobs }), checkpoints };
}
