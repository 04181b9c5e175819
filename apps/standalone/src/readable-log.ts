import { join } from 'node:path';
import { catalogue } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { BigEvents, openBlobs, PersonalData, personalStore, SubjectKeys } from '@runledger/platform';
import type { BlobStores } from '@runledger/platform';
import { openEventLog, readStorageConfig } from '@runledger/platform/storage';
import type { EventLog } from '@runledger/platform/storage';
import type { Pool } from 'pg';
import { readDatabaseConfig } from './database/database.config.js';

/**
 * The log as services read and write it, for commands beside them: events are whole however large, and what is personal is
 * opened here, where it may be.
 */
export function readableLog(
  store: EventStore,
  { pool, blobs }: { readonly pool: Pool; readonly blobs: BlobStores },
): EventStore {
  return personalStore(new BigEvents(blobs).around(store), new PersonalData(new SubjectKeys(pool), catalogue));
}

/** Opens the log of EVENT_STORE, with the blobs that belong to it. Its store is for whoever opened it to close. */
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
