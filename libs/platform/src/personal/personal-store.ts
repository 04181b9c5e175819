import type { EventStore, RecordedEvent, SubscriptionBatch } from '@runledger/event-store';
import type { Delivery, Distribution } from '@runledger/messaging';
import { askedBeforeChange, changedBatches } from '../observed/changed-batches.js';
import { withReplaced } from '../observed/replaced-members.js';
import type { PersonalData } from './personal-data.js';

/**
 * The store, with the personal fields of events sealed on the way in and opened on the way out. The log itself never holds them
 * readable: whoever needs its bytes, as the audit tree does, reads the store behind this one (E4).
 */
export function personalStore(store: EventStore, personal: PersonalData): EventStore {
  const append: EventStore['append'] = async (stream, events, expected) => {
    if (!events.some(event => personal.concerns(event))) return store.append(stream, events, expected);
    const sealed = await Promise.all(events.map(event => personal.sealed(event, stream.tenant)));
    return store.append(stream, sealed, expected);
  };
  const readStream: EventStore['readStream'] = async (stream, options) => {
    const slice = await store.readStream(stream, options);
    return { ...slice, events: await personal.openedAll(slice.events) };
  };
  const readAll: EventStore['readAll'] = async options => {
    const slice = await store.readAll(options);
    return { ...slice, events: await personal.openedAll(slice.events) };
  };
  const isPersonal = (event: RecordedEvent) => personal.concerns(event);
  const subscribe: EventStore['subscribe'] = options =>
    opening<SubscriptionBatch>(store.subscribe(askedBeforeChange(options, isPersonal)), personal);
  return withReplaced(store, { append, readStream, readAll, subscribe });
}

/** What carries the log to its followers, with personal fields opened at its end: on the way they stay sealed. */
export function personalDistribution(source: Distribution, personal: PersonalData): Distribution {
  const isPersonal = (event: RecordedEvent) => personal.concerns(event);
  return {
    subscribe: options => opening<Delivery>(source.subscribe(askedBeforeChange(options, isPersonal)), personal),
  };
}

function opening<Batch extends Delivery>(batches: AsyncIterable<Batch>, personal: PersonalData): AsyncIterable<Batch> {
  const opened = async (batch: Batch) => ({ ...batch, events: await personal.openedAll(batch.events) });
  return changedBatches(batches, batch =>
    batch.events.some(event => personal.concerns(event)) ? opened(batch) : batch,
  );
}
