import { partitionOf } from '@runledger/event-store';
import type { PartitionPlace, Position } from '@runledger/event-store';
import type { Projection } from './projection.js';
import type { ReadableLog } from './shadow/log-pages.js';

const LOOK_EVENTS = 1_000;

/**
 * True when the rows hold every event at or before `position`, whichever processes run the partitions. A checkpoint passes
 * events that are not for its partition only now and then, so what lies between it and the position is looked at.
 */
export async function reachedByOthers(
  projection: Pick<Projection, 'types'>,
  places: readonly PartitionPlace[],
  { store, position }: { readonly store: ReadableLog; readonly position: Position },
): Promise<boolean> {
  const behind = places.filter(place => place.position < position);
  if (behind.length === 0) return places.length > 0;
  const { types } = projection;
  const after = behind.map(place => place.position).reduce((least, each) => (each < least ? each : least));
  const { events, scannedTo } = await store.readAll({
    after,
    limit: LOOK_EVENTS,
    ...(types.length === 0 ? {} : { types }),
  });
  const partOf = (key: string) => (places.length === 1 ? 0 : partitionOf(key));
  const missing = events.some(event => {
    if (event.position > position) return false;
    const part = partOf(event.metadata.correlationId);
    return behind.some(place => place.partition === part && place.position < event.position);
  });
  return !missing && scannedTo >= position;
}
