import { catalogue, DEPLOYED_SERVICES } from '@runledger/contracts';
import type { Position, RecordedEvent } from '@runledger/event-store';
import type { Subject } from '@runledger/platform';
import { InvalidConsumerError } from './consumer-errors.js';
import type { Effects, Statements } from './effects.js';
import type { ConsumedEvent, EventName } from './platform-events.js';

/** What the events have in common that are handled in the order of the log. */
export type Order = 'run' | 'workspace' | 'stream';

/** What somebody does with events of the platform, as they write it. */
export interface ConsumerDefinition<Name extends EventName> {
  /** Names its checkpoints and its effects; never rename it. Lower-case letters, digits and hyphens, at most 60. */
  readonly name: string;
  readonly events: readonly Name[];
  /** Where it begins when it runs for the first time; default `first-event`: everything that ever happened. */
  readonly begin?: 'first-event' | 'now';
  /** Events of one `run` (the default), `workspace` or `stream` are handled one after the other, in the order of the log. */
  readonly orderBy?: Order;
  /**
   * Does what the event asks for, through `effects`. These are committed together with the note that the event was handled,
   * both or neither, so that each event takes effect exactly once, however often it is delivered. A throw takes everything back
   * and is tried again; what fails for good becomes a dead letter, and the events of its key wait behind it.
   */
  handle(this: void, event: ConsumedEvent<Name>, effects: Effects): Promise<void>;
  /** Takes back what was done with all events behind `after`, before they are handled again. Without it there is no replay. */
  undo?(this: void, effects: Statements, after: Position): Promise<void>;
  /** Removes what it keeps about a person whose key was destroyed; called once for each. Their texts read `[erased]` from then on. */
  forget?(this: void, effects: Statements, person: Subject): Promise<void>;
}

/** A consumer that can be run. Made by {@link defineConsumer}. */
export interface Consumer<Name extends EventName = EventName> {
  readonly name: string;
  readonly events: readonly Name[];
  readonly begin: 'first-event' | 'now';
  readonly orderBy: Order;
  readonly handle: (event: RecordedEvent, effects: Effects) => Promise<void>;
  readonly undo?: (effects: Statements, after: Position) => Promise<void>;
  readonly forget?: (effects: Statements, person: Subject) => Promise<void>;
}

const NAME = /^[a-z][a-z0-9-]{0,59}$/;

/** Says once what is done with which events. Throws {@link InvalidConsumerError} when nobody could run it. */
export function defineConsumer<const Name extends EventName>(definition: ConsumerDefinition<Name>): Consumer<Name> {
  const { name, events, begin = 'first-event', orderBy = 'run', handle, undo, forget } = definition;
  if (!NAME.test(name)) throw new InvalidConsumerError(name, 'use lower-case letters, digits and hyphens, at most 60');
  if ((DEPLOYED_SERVICES as readonly string[]).includes(name))
    throw new InvalidConsumerError(name, 'a service of the platform has this name; take another');
  if (events.length === 0) throw new InvalidConsumerError(name, 'name at least one event');
  const unknown = events.filter(type => !catalogue.find(type));
  if (unknown.length > 0)
    throw new InvalidConsumerError(name, `there is no event ${unknown.join(', ')}; docs/reference/events.md names all`);
  // Only events of these names are ever handed over, with their data in today's version.
  return {
    ...{ name, events, begin, orderBy },
    handle: (event, effects) => handle(event as unknown as ConsumedEvent<Name>, effects),
    ...(undo && { undo }),
    ...(forget && { forget }),
  };
}

/** Its name among the checkpoints and the parked events. */
export function checkpointsOf({ name }: Pick<Consumer, 'name'>): string {
  return `reactor/${name}`;
}
