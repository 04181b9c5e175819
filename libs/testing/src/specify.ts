import { isDeepStrictEqual } from 'node:util';
import { isRejection } from '@runledger/kernel';
import type { AnyEventDefinition, Decider, DomainEvent, Rejection } from '@runledger/kernel';

/** What must follow from the command; exactly one of these ends a sentence. */
export interface Then<Event, Refusal extends Rejection> {
  /** These events, in this order, and no others. */
  thenEmits(...events: readonly Event[]): void;
  thenRejects(code: Refusal['rejected']): void;
  /** Accepted, and there was nothing to do. */
  thenNothing(): void;
}

export interface Given<Command, Event, Refusal extends Rejection> {
  when(command: Command): Then<Event, Refusal>;
}

/**
 * A decider's rule book: `given(...what happened).when(command).thenEmits(...) | thenRejects(code) | thenNothing()`.
 * Facts that cannot exist fail the spec: every event, given or emitted, must be in the decider's list and fit its schema.
 * States are frozen, so a decider that edits one instead of making the next fails too.
 */
export function specify<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
  decider: Decider<Command, State, Event, Refusal>,
): (...history: readonly Event[]) => Given<Command, Event, Refusal> {
  return (...history) => ({
    when: command => {
      const decision = decide(decider, history, command);
      return {
        thenEmits: (...events) => {
          events.forEach(event => checkFact(decider.events, event, 'expected'));
          expect(outcomeOf(decision)).toEqual({ emitted: events });
        },
        thenRejects: code => expect(outcomeOf(decision)).toEqual({ rejected: code }),
        thenNothing: () => expect(outcomeOf(decision)).toEqual({ emitted: [] }),
      };
    },
  });
}

function decide<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
  decider: Decider<Command, State, Event, Refusal>,
  history: readonly Event[],
  command: Command,
): readonly Event[] | Refusal {
  const evolve = (state: State, event: Event) => freeze(decider.evolve(state, event));
  history.forEach(event => checkFact(decider.events, event, 'given'));
  const state = history.reduce(evolve, freeze(decider.initialState()));
  const decision = decider.decide(command, state);
  if (isRejection(decision)) return decision;
  decision.forEach(event => checkFact(decider.events, event, 'emitted'));
  decision.reduce(evolve, state); // a decider must be able to go on from what it emits
  return decision;
}

function outcomeOf(decision: readonly DomainEvent[] | Rejection): unknown {
  return isRejection(decision) ? { rejected: decision.rejected } : { emitted: [...decision] };
}

function checkFact(definitions: readonly AnyEventDefinition[], event: DomainEvent, role: string): void {
  const definition = definitions.find(({ type }) => type === event.type);
  if (!definition) throw new TypeError(`The ${role} event ${event.type} is not in the decider's list of events.`);
  const stored = JSON.parse(JSON.stringify(definition.schema.parse(event.data))) as unknown;
  const said = JSON.parse(JSON.stringify(event.data)) as unknown;
  if (!isDeepStrictEqual(stored, said)) {
    throw new TypeError(
      `The ${role} event ${event.type} would be stored differently: its schema changes the data.\n` +
        `said:   ${JSON.stringify(said)}\nstored: ${JSON.stringify(stored)}`,
    );
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
