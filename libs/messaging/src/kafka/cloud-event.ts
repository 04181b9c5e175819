import type { Actor, EventMetadata, Position, RecordedEvent } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';

/** One event as a Kafka message: CloudEvents 1.0, binary content mode. All header values are UTF-8 text. */
export interface EventMessage {
  /** The correlation id. */
  readonly key: string;
  /** The event's data as JSON. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A message as the client hands it over. */
export interface ReceivedMessage {
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

/** An event that came over the topic. */
export interface RelayedEvent {
  readonly event: RecordedEvent;
  /** Position of the event that the relay sent before this one: the log has nothing between the two. */
  readonly previous: Position;
  /** Size of the data. */
  readonly bytes: number;
}

/** Somebody else's message, or one of a later version of Runledger. */
export class ForeignMessageError extends Fault {
  constructor(why: string) {
    super('FOREIGN_MESSAGE', `This message of the topic is not an event of Runledger: ${why}.`);
  }
}

const SPEC_VERSION = '1.0';

/** `source` is the URI of the installation; with the id it names the event in the whole world. */
export function toMessage(event: RecordedEvent, previous: Position, source: string): EventMessage {
  const { metadata } = event;
  return {
    key: metadata.correlationId,
    value: JSON.stringify(event.data ?? null),
    headers: {
      'content-type': 'application/json',
      ce_specversion: SPEC_VERSION,
      ce_id: event.id,
      ce_type: event.type,
      ce_source: source,
      ce_time: metadata.occurredAt,
      ce_subject: event.stream,
      ce_dataschema: `urn:runledger:event:${event.type}:v${metadata.schemaVersion}`,
      ce_partitionkey: metadata.correlationId,
      ce_position: String(event.position),
      ce_previous: String(previous),
      ce_tenant: event.tenant,
      ce_stream: event.stream,
      ce_category: event.category,
      ce_revision: String(event.revision),
      ce_recordedtime: event.recordedAt,
      ce_schemaversion: String(metadata.schemaVersion),
      ce_correlationid: metadata.correlationId,
      ce_causationid: metadata.causationId,
      ce_workspaceid: metadata.workspaceId,
      ce_actor: JSON.stringify(metadata.actor),
      ...(metadata.traceparent === undefined ? {} : { ce_traceparent: metadata.traceparent }),
    },
  };
}

/** The event exactly as the store gave it to the relay. Throws {@link ForeignMessageError}. */
export function fromMessage(message: ReceivedMessage): RelayedEvent {
  const header = headersOf(message);
  if (header('ce_specversion') !== SPEC_VERSION) throw new ForeignMessageError('it is no CloudEvent of version 1.0');
  try {
    const traceparent = optional(message.headers, 'ce_traceparent');
    const metadata = { ...metadataFrom(header), ...(traceparent === undefined ? {} : { traceparent }) };
    const event = { ...placeFrom(header), metadata, data: JSON.parse(String(message.value)) as unknown };
    return { event, previous: BigInt(header('ce_previous')), bytes: message.value?.length ?? 0 };
  } catch (error) {
    if (error instanceof SyntaxError) throw new ForeignMessageError(error.message);
    throw error;
  }
}

type Header = (name: string) => string;

function headersOf({ headers }: ReceivedMessage): Header {
  return name => {
    const value = optional(headers, name);
    if (value === undefined) throw new ForeignMessageError(`the header ${name} is missing`);
    return value;
  };
}

function optional(headers: ReceivedMessage['headers'], name: string): string | undefined {
  const value = headers?.[name];
  return value === undefined || Array.isArray(value) ? undefined : value.toString();
}

function placeFrom(header: Header): Omit<RecordedEvent, 'data' | 'metadata'> {
  return {
    id: header('ce_id'),
    type: header('ce_type'),
    tenant: header('ce_tenant'),
    stream: header('ce_stream'),
    category: header('ce_category'),
    revision: Number(header('ce_revision')),
    position: BigInt(header('ce_position')),
    recordedAt: header('ce_recordedtime'),
  };
}

function metadataFrom(header: Header): EventMetadata {
  return {
    correlationId: header('ce_correlationid'),
    causationId: header('ce_causationid'),
    actor: JSON.parse(header('ce_actor')) as Actor,
    workspaceId: header('ce_workspaceid'),
    occurredAt: header('ce_time'),
    schemaVersion: Number(header('ce_schemaversion')),
  };
}
