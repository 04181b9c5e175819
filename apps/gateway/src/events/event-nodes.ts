import type { RecordedEvent } from '@runledger/event-store';
import { catalogue } from '@runledger/contracts';
import { actorNode } from '../graph/nodes.js';
import { positionText } from '../graph/position-text.js';

export type EventNode = ReturnType<typeof eventNode>;

/** A stored event as the API shows it, its data in today's version. */
export function eventNode(event: RecordedEvent) {
  const { id, type, stream, revision, position, metadata } = event;
  const { schemaVersion, actor, occurredAt, correlationId, causationId } = metadata;
  return {
    id,
    type,
    data: catalogue.upcast(type, schemaVersion, event.data),
    schemaVersion,
    stream,
    revision,
    position: positionText(position),
    actor: actorNode(actor),
    occurredAt,
    correlationId,
    causationId,
  };
}
