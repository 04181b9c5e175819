import { derivedId } from '@runledger/event-store';
import type { Actor, CommandContext, RecordedEvent } from '@runledger/event-store';

export interface ReactionOptions {
  /** Name of the reactor. */
  readonly reactor: string;
  /** On whose behalf it sends. */
  readonly actor: Actor;
  /** ISO 8601 UTC. */
  readonly now: string;
  /** Tells apart the commands that one event causes; default 0. */
  readonly index?: number;
}

/** The context of a command with which a reactor answers an event. Reacting again sends the same command (R1). */
export function reactionContext(
  event: RecordedEvent,
  { reactor, actor, now, index = 0 }: ReactionOptions,
): CommandContext {
  const { correlationId, traceparent } = event.metadata;
  return {
    commandId: derivedId(event.id, reactor, index),
    workspaceId: event.tenant,
    actor,
    occurredAt: now,
    correlationId,
    causationId: event.id,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
