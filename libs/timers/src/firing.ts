import { derivedId } from '@runledger/event-store';
import type { Actor, CommandContext } from '@runledger/event-store';
import type { Firing } from './port.js';

/** The id of a firing: the same for the same timer and due time, wherever and however often it fires (R1). */
export function firingId(name: string, dueAt: string): string {
  return derivedId(`timer ${name}`, dueAt, 0);
}

export interface FiringOptions {
  /** On whose behalf the command is sent. */
  readonly actor: Actor;
  /** The story that it belongs to: the run's id where there is one. */
  readonly correlationId: string;
  /** Tells apart the commands that one firing sends; default 0. */
  readonly index?: number;
}

/** The context of a command that a firing sends. Firing again sends the same command (R1). */
export function firingContext(firing: Firing, { actor, correlationId, index = 0 }: FiringOptions): CommandContext {
  return {
    commandId: derivedId(firing.id, 'firing', index),
    workspaceId: firing.tenant,
    actor,
    occurredAt: firing.firedAt,
    correlationId,
    causationId: firing.id,
  };
}
