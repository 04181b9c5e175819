import { partitionOf, START } from '@runledger/event-store';
import type { PartitionPlace, Position } from '@runledger/event-store';
import type { Projection } from './projection.js';
import type { ReadableLog } from './shadow/log-pages.js';

const LOOK_EVENTS = 1_000;

/**
 * Up to where the rows hold every event, `wanted` at most, whichever processes run the partitions. A checkpoint passes events
 * that are not for its partition only now and then, so what lies between it and the position is looked at, but for what is
 * `known` to be held.
 */
export async function heldByOthers(
  projection: Pick<Projection, 'types'>,
  places: readonly PartitionPlace[],
  { store, known, wanted }: { readonly store: ReadableLog; readonly known: Position; readonly wanted: Position },
): Promise<Position> {
  const behind = places.filter(place => place.position < wanted);
  if (behind.length === 0) return places.length > 0 ? wanted : START;
  const { types } = projection;
  const least = leastOf(behind);
  const { events, scannedTo } = await store.readAll({
    after: known > least ? known : least,
    limit: LOOK_EVENTS,
    ...(types.length === 0 ? {} : { types }),
  });
  const partOf = (key: string) => (places.length === 1 ? 0 : partitionOf(key));
  const missing = events.find(event => {
    const part = partOf(event.metadata.correlationId);
    return behind.some(place => place.partition === part && place.position < event.position);
  });
  const end = missing ? missing.position - 1n : scannedTo;
  return end < wanted ? end : wanted;
}

/** Where the partition stands that is farthest behind; the beginning of the log without any. */
export function leastOf(places: readonly PartitionPlace[]): Position {
  const [first, ...rest] = places.map(({ position }) => position);
  return first === undefined ? START : rest.reduce((least, each) => (each < least ? each : least), first);
}
