import type { Position, RecordedEvent } from '@runledger/event-store';
import { toMessage } from './cloud-event.js';
import type { EventMessage } from './cloud-event.js';

/** What is sent at once, and where the log stands after it. */
export interface MessageBatch {
  readonly messages: readonly EventMessage[];
  readonly last: Position;
}

/** Brokers refuse a batch over 1 MiB unless told otherwise. */
const LARGEST_BATCH_BYTES = 900_000;

/** The events as batches that a broker takes; one that is too large for that goes alone. Each carries the position before it. */
export function* messageBatches(
  events: readonly RecordedEvent[],
  after: Position,
  source: string,
): Generator<MessageBatch, void, undefined> {
  let messages: EventMessage[] = [];
  let bytes = 0;
  let last = after;
  for (const event of events) {
    const message = toMessage(event, last, source);
    const size = sizeOf(message);
    if (messages.length > 0 && bytes + size > LARGEST_BATCH_BYTES) {
      yield { messages, last };
      [messages, bytes] = [[], 0];
    }
    messages.push(message);
    bytes += size;
    last = event.position;
  }
  if (messages.length > 0) yield { messages, last };
}

function sizeOf({ key, value, headers }: EventMessage): number {
  const parts = [key, value, ...Object.keys(headers), ...Object.values(headers)];
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part) + 4, 32);
}
