import type { Position, RecordedEvent } from '@runledger/event-store';
import { failureCode } from '@runledger/messaging';
import type { ConsumerFault } from '@runledger/messaging';
import { CannotApplyError } from './read-model-errors.js';

/** A failure together with the event that caused it. */
export class PoisonEvent extends Error {
  constructor(
    readonly event: RecordedEvent,
    cause: unknown,
  ) {
    super(`${event.type} at position ${event.position}`, { cause });
  }
}

/** Where and why a projection has stopped; `position`: where it stood, if it was not an event that stopped it. */
export function faultOf(error: unknown, position: Position): ConsumerFault {
  const cause = error instanceof PoisonEvent ? error.cause : error;
  const what = { code: failureCode(cause), message: cause instanceof Error ? cause.message : String(cause) };
  if (error instanceof PoisonEvent) return { position: error.event.position, eventType: error.event.type, ...what };
  if (error instanceof CannotApplyError) return { position: error.position, eventType: error.eventType, ...what };
  return { position, eventType: '-', ...what };
}
