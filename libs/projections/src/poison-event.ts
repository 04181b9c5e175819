import type { RecordedEvent } from '@runledger/event-store';

/** A failure together with the event that caused it. */
export class PoisonEvent extends Error {
  constructor(
    readonly event: RecordedEvent,
    cause: unknown,
  ) {
    super(`${event.type} at position ${event.position}`, { cause });
  }
}
