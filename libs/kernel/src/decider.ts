import type { AnyEventDefinition, DomainEvent } from './define-event.js';
import type { Rejection } from './rejection.js';

/**
 * A decision maker as three pure functions (Chassaing's decider pattern): commands and state in, events or a refusal out.
 * Time, ids and randomness arrive inside the command, so that replay and specs are exact.
 */
export interface Decider<
  Command,
  State,
  Event extends DomainEvent,
  Refusal extends Rejection<string> = Rejection<string>,
> {
  /** Stream category; the stream of one instance is `<category>-<id>`. One service writes it (E3). */
  readonly category: string;
  readonly events: readonly AnyEventDefinition[];
  initialState(): State;
  evolve(state: State, event: Event): State;
  /** An empty array means "nothing to do": accepted, and nothing is stored. */
  decide(command: Command, state: State): readonly Event[] | Refusal;
}
