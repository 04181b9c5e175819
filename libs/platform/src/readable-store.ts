import type { EventStore } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { storeDirect } from '@runledger/messaging';
import type { Distribution } from '@runledger/messaging';
import { BigEvents } from './big-events/big-events.js';
import type { BlobStore } from './blobs/index.js';
import { PersonalData } from './personal/personal-data.js';
import { personalDistribution, personalStore } from './personal/personal-store.js';
import type { SubjectKeys } from './personal/subject-keys.js';

/** What belongs to a log beside its events. */
export interface ReadableParts {
  /** Where the data of large events lies. */
  readonly blobs: BlobStore;
  readonly catalogue: EventCatalogue;
  /** Under which personal fields are sealed; left out, they are as they are stored. */
  readonly subjectKeys?: SubjectKeys | undefined;
  /** Wraps the store where whole events pass that are sealed still, as for telemetry. */
  readonly watched?: (store: EventStore) => EventStore;
}

/** The log as services read and write it: events are whole however large, and what is personal is open here, where it may be. */
export function readableStore(store: EventStore, parts: ReadableParts): EventStore {
  return readable(store, undefined, parts).store;
}

/** The same, with the way on which events come to those who follow the log; left out: straight from the store. */
export function readable(
  stored: EventStore,
  carried: Distribution | undefined,
  { blobs, catalogue, subjectKeys, watched = store => store }: ReadableParts,
): { readonly store: EventStore; readonly source: Distribution } {
  const big = new BigEvents(blobs);
  const store = watched(big.around(stored));
  const source = carried ? big.from(carried) : storeDirect(store);
  if (!subjectKeys) return { store, source };
  const personal = new PersonalData(subjectKeys, catalogue);
  return { store: personalStore(store, personal), source: personalDistribution(source, personal) };
}
