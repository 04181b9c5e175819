import { join } from 'node:path';
import { catalogue } from '@runledger/contracts';
import { PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import type { ConsumerLog, Distribution } from '@runledger/messaging';
import { BigEvents, openBlobs, PersonalData, SubjectKeys } from '@runledger/platform';
import type { BlobStore } from '@runledger/platform';
import { openEventCarrier, openEventLog } from '@runledger/platform/storage';
import { NoBlobStoreError } from '../consuming/consumer-errors.js';
import type { Databases } from './databases.js';
import type { ServiceConfig } from './service.config.js';

/** Where a service has its events from. */
export interface Sources {
  readonly store: EventStore;
  /** Events as they were stored. */
  readonly events: Distribution;
  readonly big: BigEvents;
  /** Of this log, in the database of the service. */
  readonly checkpoints: SharedCheckpoints;
  readonly personal: PersonalData;
  /** Where events come from, for people. */
  readonly place: string;
  close(): Promise<void>;
}

export async function openSources(config: ServiceConfig, databases: Databases, log: ConsumerLog): Promise<Sources> {
  const onProblem = (error: Error) => log.warn({ reason: error.message }, 'the event store failed in passing');
  const { databaseUrl, storage } = config;
  const opened = await openEventLog({ config: storage.eventStore, databaseUrl, pool: databases.platform, onProblem });
  const { store } = opened;
  const carrier = await openEventCarrier(storage.distribution, store, log).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const big = new BigEvents(await blobsOf(config));
  return {
    store,
    events: carrier.distribution,
    big,
    checkpoints: new PostgresCheckpoints(databases.progress, { log: store }),
    personal: new PersonalData(new SubjectKeys(databases.platform), catalogue),
    place: `${opened.place}, ${carrier.place}`,
    close: async () => {
      await carrier.close();
      await store.close();
    },
  };
}

async function blobsOf({ storage, home }: ServiceConfig): Promise<BlobStore> {
  if (storage.blobs) return openBlobs(storage.blobs);
  return home === undefined ? NO_BLOBS : openBlobs({ kind: 'directory', root: join(home, 'blobs') });
}

/** Throws rather than rejects: what is rejected counts as a blob that is lost. */
const nowhere = (): never => {
  throw new NoBlobStoreError();
};
const NO_BLOBS: BlobStore = { put: nowhere, get: nowhere, has: nowhere };
