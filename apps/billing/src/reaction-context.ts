import { derivedId } from '@runledger/event-store';
import type { CommandContext, RecordedEvent } from '@runledger/event-store';

/** The context of a command that billing sends because of an event. Reacting again sends the same command (R1). */
export function reactionTo(event: RecordedEvent, reactor: string, occurredAt: string): CommandContext {
  const { correlationId, traceparent } = event.metadata;
  return {
    commandId: derivedId(event.id, reactor, 0),
    workspaceId: event.tenant,
    actor: { kind: 'service', id: 'billing' },
    occurredAt,
    correlationId,
    causationId: event.id,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
