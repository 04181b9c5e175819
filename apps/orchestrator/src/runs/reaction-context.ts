import { derivedId, type CommandContext, type RecordedEvent } from '@runledger/event-store';

/** The context of the one command with which a reactor answers an event: its id derives from the event's (R1). */
export function reactionContext(event: RecordedEvent, reactor: string, now: string): CommandContext {
  return {
    commandId: derivedId(event.id, reactor, 0),
    workspaceId: event.tenant,
    actor: { kind: 'service', id: 'orchestrator', via: 'reaction' },
    occurredAt: now,
    correlationId: event.metadata.correlationId,
    causationId: event.id,
    ...(event.metadata.traceparent === undefined ? {} : { traceparent: event.metadata.traceparent }),
  };
}
