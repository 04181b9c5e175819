import { isStorable } from '@runledger/kernel';
import { AppendTooLargeError, InvalidAppendError } from './append-errors.js';
import { MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_EVENT_BYTES } from './port.js';
import type { EventMetadata, ExpectedRevision, NewEvent, StreamRef } from './port.js';

/** One event as it goes over the wire. */
export interface EncodedEvent {
  readonly id: string;
  readonly type: string;
  readonly correlationId: string;
  readonly data: string;
  readonly metadata: string;
}

/** One caller's append, checked and encoded before anything is sent. */
export interface AppendRequest {
  readonly stream: StreamRef;
  readonly expected: ExpectedRevision;
  readonly events: readonly EncodedEvent[];
  readonly bytes: number;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** Checks what no store can take and encodes the rest; throws `InvalidAppendError` or `AppendTooLargeError`. */
export function toAppendRequest(
  stream: StreamRef,
  events: readonly NewEvent[],
  expected: ExpectedRevision,
): AppendRequest {
  checkStream(stream);
  checkExpected(expected, stream);
  if (events.length > MAX_APPEND_EVENTS) {
    throw new AppendTooLargeError(`An append to ${stream.name}`, events.length, MAX_APPEND_EVENTS, 'events');
  }
  const encoded: EncodedEvent[] = [];
  let bytes = 0;
  let metadata: SharedMetadata | undefined;
  for (const event of events) {
    // What one command caused carries one metadata, which is encoded once.
    if (metadata?.of !== event.metadata) metadata = undefined;
    const one = encodeEvent(event, stream, metadata?.text);
    metadata ??= { of: event.metadata, text: one.metadata, bytes: Buffer.byteLength(one.metadata) };
    encoded.push(one);
    bytes += checkedSize(one, metadata.bytes);
  }
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLargeError(`An append to ${stream.name}`, bytes, MAX_APPEND_BYTES);
  if (encoded.length > 1 && new Set(encoded.map(event => event.id.toLowerCase())).size < encoded.length) {
    throw new InvalidAppendError(`An append to ${stream.name} has two events with one id.`, { stream: stream.name });
  }
  return { stream, expected, events: encoded, bytes };
}

export function checkStream(stream: StreamRef): void {
  const { name, tenant } = stream;
  if (name.length === 0 || name.length > 512 || !isStorable(name)) {
    throw new InvalidAppendError(
      `"${name.slice(0, 80)}" cannot name a stream: use 1 to 512 characters of valid text.`,
      {
        stream: name,
      },
    );
  }
  if (!isStorable(tenant)) throw new InvalidAppendError(`Tenant of ${name} is not valid text.`, { stream: name });
}

export function checkExpected(expected: ExpectedRevision, stream: StreamRef): void {
  if (typeof expected !== 'number' || (Number.isSafeInteger(expected) && expected >= 0)) return;
  throw new InvalidAppendError(
    `Expected revision ${expected} of ${stream.name} is none: count from 0, or say no-stream, exists or any.`,
    { stream: stream.name },
  );
}

interface SharedMetadata {
  readonly of: EventMetadata;
  readonly text: string;
  readonly bytes: number;
}

/** `metadata` is its JSON, when that is known. */
function encodeEvent(event: NewEvent, stream: StreamRef, metadata: string | undefined): EncodedEvent {
  const refuse = (reason: string, cause?: unknown) =>
    new InvalidAppendError(`Event ${event.type} for ${stream.name} cannot be stored: ${reason}.`, {
      cause,
      stream: stream.name,
    });
  if (!UUID.test(event.id)) throw refuse(`its id "${event.id}" is no UUID`);
  if (event.type.length === 0 || !isStorable(event.type)) throw refuse('its type is empty or no valid text');
  const { correlationId } = event.metadata;
  if (!isStorable(correlationId)) throw refuse('its correlation id is no valid text');
  const encode = (part: 'data' | 'metadata') => {
    const text = toJson(event[part], cause => refuse(`its ${part} has no JSON form`, cause));
    if (hasLoneSurrogate(text)) throw refuse(`its ${part} has half of a surrogate pair, which no UTF-8 text can hold`);
    return text;
  };
  const { id, type } = event;
  return { id, type, correlationId, data: encode('data'), metadata: metadata ?? encode('metadata') };
}

function toJson(value: unknown, refuse: (cause?: unknown) => InvalidAppendError): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw refuse(cause);
  }
  if (text === undefined) throw refuse();
  return text;
}

/** JSON.stringify writes a lone surrogate as an escape; the same letters behind an escaped backslash are plain text. */
function hasLoneSurrogate(json: string): boolean {
  return json.includes('\\ud') && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(json);
}

function checkedSize(event: EncodedEvent, metadataBytes: number): number {
  const bytes = Buffer.byteLength(event.data) + metadataBytes;
  if (bytes > MAX_EVENT_BYTES) throw new AppendTooLargeError(`Event ${event.type}`, bytes, MAX_EVENT_BYTES);
  return bytes;
}
