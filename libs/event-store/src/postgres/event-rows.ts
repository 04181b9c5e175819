import type { EncodedEvent } from '../append-request.js';
import type { EventMetadata, Position, RecordedEvent } from '../port.js';
import type { StoredAppend } from './stored-append.js';

/** Columns of one event, in the order that {@link toEvent} reads them. */
export const EVENT_COLUMNS =
  'e.gpos, e.event_id, e.type, e.data, e.metadata, e.tenant, e.stream, e.revision, e.recorded_at';

const EVENT_BYTES = 500;

export type Row = readonly (string | null)[];

export function toEvent(row: Row): RecordedEvent {
  const [position, id, type, data, metadata, tenant, stream, revision, recordedAt] = row as readonly string[];
  const name = stream ?? '';
  return {
    id: id ?? '',
    type: type ?? '',
    data: JSON.parse(data ?? 'null') as unknown,
    metadata: metadataFrom(metadata ?? 'null'),
    tenant: tenant ?? '',
    stream: name,
    category: categoryOf(name),
    revision: Number(revision),
    position: BigInt(position ?? 0),
    recordedAt: toIso(recordedAt),
  };
}

/** The same event that {@link toEvent} would make of its row, made from what was sent. */
export function ownEvent({ request, first, positions, recordedAt }: StoredAppend, index: number): RecordedEvent {
  const { id, type, data, metadata } = request.events[index] as EncodedEvent;
  const { tenant, name } = request.stream;
  return {
    id: canonicalUuid(id),
    type,
    data: JSON.parse(data) as unknown,
    metadata: metadataFrom(metadata),
    tenant,
    stream: name,
    category: categoryOf(name),
    revision: first + index,
    position: positions[index] as Position,
    recordedAt,
  };
}

export function weightOfOwn({ request }: StoredAppend, index: number): number {
  const { data, metadata } = request.events[index] as EncodedEvent;
  return EVENT_BYTES + 2 * (data.length + metadata.length);
}

/** Bytes that an event takes in memory, roughly: its JSON, twice, and the object around it. */
export function weightOf(row: Row): number {
  return EVENT_BYTES + 2 * ((row[3]?.length ?? 0) + (row[4]?.length ?? 0));
}

let last: { readonly text: string; readonly metadata: EventMetadata } | undefined;

/** The events of one append lie side by side and mostly have one metadata: it is parsed once, and nobody can change it. */
function metadataFrom(text: string): EventMetadata {
  if (last?.text === text) return last.metadata;
  const metadata = JSON.parse(text) as EventMetadata;
  last = { text, metadata: frozen(metadata) };
  return metadata;
}

function frozen<T extends object>(value: T): T {
  for (const key in value) {
    const part = value[key];
    if (typeof part === 'object' && part !== null) frozen(part);
  }
  return Object.freeze(value);
}

function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** As PostgreSQL writes UUIDs, whichever way the caller wrote it. */
function canonicalUuid(id: string): string {
  if (id.length === 36 && CANONICAL.test(id)) return id;
  const hex = id.replaceAll('-', '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const CANONICAL = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let lastTime = { text: '', iso: '' };

/**
 * `2026-11-21 02:28:47.1234+00`, as sessions in UTC write it, to ISO 8601 with milliseconds. Events that were stored together
 * have one time, which is rewritten once.
 */
export function toIso(timestamp: string | null | undefined): string {
  if (!timestamp) return '';
  if (lastTime.text !== timestamp) lastTime = { text: timestamp, iso: rewritten(timestamp) };
  return lastTime.iso;
}

function rewritten(timestamp: string): string {
  const zone = timestamp.lastIndexOf('+');
  const fraction = timestamp.slice(20, zone).slice(0, 3).padEnd(3, '0');
  return `${timestamp.slice(0, 10)}T${timestamp.slice(11, 19)}.${fraction}Z`;
}
