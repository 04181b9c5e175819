import type { EventMetadata, RecordedEvent } from '../port.js';

/** Columns of one event, in the order that {@link toEvent} reads them. */
export const EVENT_COLUMNS =
  'e.gpos, e.event_id, e.type, e.data, e.metadata, e.tenant, e.stream, e.revision, e.recorded_at';

export type Row = readonly (string | null)[];

export function toEvent(row: Row): RecordedEvent {
  const [position, id, type, data, metadata, tenant, stream, revision, recordedAt] = row as readonly string[];
  const name = stream ?? '';
  return {
    id: id ?? '',
    type: type ?? '',
    data: JSON.parse(data ?? 'null') as unknown,
    metadata: JSON.parse(metadata ?? 'null') as EventMetadata,
    tenant: tenant ?? '',
    stream: name,
    category: categoryOf(name),
    revision: Number(revision),
    position: BigInt(position ?? 0),
    recordedAt: toIso(recordedAt ?? ''),
  };
}

/** Bytes that an event takes in memory, roughly: its JSON, twice, and the object around it. */
export function weightOf(row: Row): number {
  return 500 + 2 * ((row[3]?.length ?? 0) + (row[4]?.length ?? 0));
}

function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** `2026-11-21 02:28:47.1234+00`, as sessions in UTC write it, to ISO 8601 with milliseconds. */
function toIso(timestamp: string): string {
  const zone = timestamp.lastIndexOf('+');
  const fraction = timestamp.slice(20, zone).slice(0, 3).padEnd(3, '0');
  return `${timestamp.slice(0, 10)}T${timestamp.slice(11, 19)}.${fraction}Z`;
}
