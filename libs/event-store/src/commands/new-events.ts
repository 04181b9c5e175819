import type { AnyEventDefinition, DomainEvent, EventCatalogue } from '@runledger/kernel';
import type { Actor, EventMetadata, NewEvent } from '../port.js';
import { InvalidEventError } from './command-errors.js';

/** Who asks, when, and in which story. The same `commandId` may be sent any number of times and counts once (R1). */
export interface CommandContext {
  readonly commandId: string;
  readonly workspaceId: string;
  readonly actor: Actor;
  /** ISO 8601 UTC. */
  readonly occurredAt: string;
  readonly correlationId: string;
  /** Defaults to the command's own id. */
  readonly causationId?: string;
  readonly traceparent?: string;
}

/** What a command decided, as events for its stream: validated, with ids that must be the same each time (R1). */
export function toNewEvents(
  catalogue: EventCatalogue,
  events: readonly DomainEvent[],
  context: CommandContext,
  idAt: (index: number) => string,
): NewEvent[] {
  let metadata: EventMetadata | undefined;
  return events.map((event, index) => {
    const { type } = event;
    const definition = catalogue.find(type);
    if (!definition) throw new InvalidEventError(type, 'the decider does not list it in `events`');
    // Mostly the same for all of them: then it is encoded once.
    if (metadata?.schemaVersion !== definition.version) metadata = metadataOf(definition, context);
    return { id: idAt(index), type, data: validated(definition, event), metadata };
  });
}

function metadataOf(definition: AnyEventDefinition, context: CommandContext): EventMetadata {
  return {
    correlationId: context.correlationId,
    causationId: context.causationId ?? context.commandId,
    actor: context.actor,
    workspaceId: context.workspaceId,
    occurredAt: context.occurredAt,
    schemaVersion: definition.version,
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
  };
}

function validated(definition: AnyEventDefinition, event: DomainEvent): unknown {
  try {
    return definition.schema.parse(event.data);
  } catch (cause) {
    throw new InvalidEventError(event.type, 'its data does not fit its schema', cause);
  }
}
