import { randomBytes } from 'node:crypto';
import type { AllStreamResolvedEvent, EventData, JSONType, ResolvedEvent } from '@eventstore/db-client';
import type { EncodedEvent } from '../append-request.js';
import type { EventMetadata, RecordedEvent } from '../port.js';
import { categoryOf, fromWireName } from './stream-names.js';

/** Key in the metadata of an append's first event that says which call wrote it. */
const WRITTEN_BY = '_append';

/** An event of the platform as it was read, and which call wrote it when it is the first of an append. */
export interface WireEvent {
  readonly event: RecordedEvent;
  readonly writtenBy?: string;
}

/** A name for one call of append. Only copies of the same append are ever compared by it. */
export function newCallName(): string {
  return randomBytes(6).toString('base64url');
}

export function toWire(events: readonly EncodedEvent[], callName: string): EventData[] {
  return events.map(({ id, type, data, metadata }, index) => {
    const plain = JSON.parse(metadata) as Record<string, unknown>;
    return {
      id: canonicalId(id),
      type,
      contentType: 'application/json',
      data: JSON.parse(data) as JSONType,
      metadata: index === 0 ? { ...plain, [WRITTEN_BY]: callName } : plain,
    };
  });
}

/** Undefined for what is not ours: events of the server, of other programs, and the mark of a tombstone. */
export function fromWire({ event }: ResolvedEvent | AllStreamResolvedEvent): WireEvent | undefined {
  const stream = event && fromWireName(event.streamId);
  if (!event || !stream || !event.isJson || event.type.startsWith('$') || !isOurs(event.metadata)) return undefined;
  const { [WRITTEN_BY]: writtenBy, ...metadata } = event.metadata;
  const recorded: RecordedEvent = {
    id: event.id,
    type: event.type,
    data: event.data,
    metadata: metadata as unknown as EventMetadata,
    tenant: stream.tenant,
    stream: stream.name,
    category: categoryOf(stream.name),
    revision: Number(event.revision),
    position: event.position?.commit ?? 0n,
    recordedAt: event.created.toISOString(),
  };
  return typeof writtenBy === 'string' ? { event: recorded, writtenBy } : { event: recorded };
}

/** As the server gives it back. */
function canonicalId(id: string): string {
  const hex = id.replaceAll('-', '').toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function isOurs(metadata: unknown): metadata is Record<string, unknown> {
  return typeof metadata === 'object' && metadata !== null && 'correlationId' in metadata;
}
