import { isRejection, RetryableError } from '@runledger/kernel';
import type { Decider, DomainEvent, Rejection } from '@runledger/kernel';
import { MAX_APPEND_EVENTS } from '../port.js';
import type { AppendOutcome, EventStore, NewEvent, Position, StreamRef } from '../port.js';
import { StreamBusyError, StreamEndedError } from './command-errors.js';
import { derivedId, followingId } from './event-ids.js';
import { toNewEvents } from './new-events.js';
import type { CommandContext } from './new-events.js';
import { cacheKey, nothingOf, StreamStates } from './stream-states.js';
import type { Loaded } from './stream-states.js';
import { Turns } from './turns.js';

export interface Accepted<State> {
  readonly status: 'accepted';
  readonly stream: string;
  readonly revision: number;
  /** Of the last event that the command stored; undefined when there was nothing to do. */
  readonly position: Position | undefined;
  readonly state: State;
  /** The events that the command stored, now or when it was first sent. */
  readonly events: readonly DomainEvent[];
}

export interface Refused<Refusal> {
  readonly status: 'refused';
  readonly refusal: Refusal;
}

interface Order<Command, State> {
  readonly command: Command;
  readonly context: CommandContext;
  /** What is decided on when nothing is known; without it the stream is read. */
  readonly guess?: () => Loaded<State>;
}

const ATTEMPTS = 8;
const SENDS = 3;
const FIRST_PAUSE_MS = 50;

/**
 * Load → decide → append at the revision that was decided on. Conflicts are decided again on the newer state; ambiguous
 * failures are sent again with the same ids (E1). Keeps recent states in memory, so a busy stream is not read again:
 * a stale state can only cause a conflict, never a wrong append, and a refusal is checked against the store first.
 */
export class CommandHandler {
  readonly #store: EventStore;
  readonly #states: StreamStates;
  readonly #turns = new Turns();

  constructor(store: EventStore, options: { readonly cachedStates?: number } = {}) {
    this.#store = store;
    this.#states = new StreamStates(store, options.cachedStates ?? 5_000);
  }

  /**
   * `stream` is the full name, `<category>-<key>`, in the context's workspace. Commands on one stream of this process wait
   * for each other instead of conflicting. Throws `StreamBusyError` or another `RetryableError` when the same command may
   * be sent again, `StreamEndedError` for a tombstoned stream.
   */
  handle<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Accepted<State> | Refused<Refusal>> {
    const ref = { tenant: context.workspaceId, name: stream };
    return this.#turns.take(cacheKey(ref), () => this.#decideAndAppend(decider, ref, { command, context }));
  }

  /**
   * The same for a command that begins its stream: it is decided without reading first. Should the stream exist after all
   * (a repeat, a race), that costs a conflict and a read, and the outcome is the one of {@link handle}.
   */
  begin<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Accepted<State> | Refused<Refusal>> {
    const ref = { tenant: context.workspaceId, name: stream };
    const guess = () => nothingOf(decider);
    return this.#turns.take(cacheKey(ref), () => this.#decideAndAppend(decider, ref, { command, context, guess }));
  }

  /** The state of one stream as of now. */
  async load<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
  ): Promise<{ readonly state: State; readonly revision: number }> {
    return this.#states.refresh(decider, ref, this.#states.cached<State>(ref));
  }

  /** The state as this process last knew it, which may be old; undefined when it knows none. */
  remembered<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    _decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
  ): State | undefined {
    return this.#states.known<State>(ref)?.state;
  }

  /** For what never changes once it is in the stream: the state as this process last knew it; read when it knows none. */
  async recall<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
  ): Promise<State> {
    const cached = this.#states.cached<State>(ref);
    const known = cached && cached.revision >= 0 ? cached : await this.#states.refresh(decider, ref);
    return known.state;
  }

  async #decideAndAppend<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    { command, context, guess }: Order<Command, State>,
  ): Promise<Accepted<State> | Refused<Refusal>> {
    const first = derivedId(context.commandId, ref.name, 0);
    const idAt = (index: number) => followingId(first, index);
    const cached = this.#states.cached<State>(ref) ?? guess?.();
    let loaded = cached ?? (await this.#states.refresh(decider, ref));
    let fresh = cached === undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const known = loaded.known.find(first);
      const earlier = known === 'perhaps' ? await this.#states.revisionOf(ref, first) : known;
      if (earlier !== undefined) return this.#answerAgain(decider, ref, context.commandId, { loaded, from: earlier });
      const decision = decider.decide(command, loaded.state);
      if (!fresh && (isRejection(decision) || decision.length === 0)) {
        loaded = await this.#states.refresh(decider, ref, loaded);
        fresh = true;
        continue;
      }
      if (isRejection(decision)) return { status: 'refused', refusal: decision };
      if (decision.length === 0) return accepted(ref, loaded, [], undefined);
      const events = toNewEvents(this.#states.catalogueOf(decider), decision, context, idAt);
      const outcome = await this.#appendSurely(ref, events, loaded.revision);
      if (outcome.status === 'deleted') throw new StreamEndedError(ref.name);
      if (outcome.status === 'appended') {
        const after = extended(decider, loaded, events, outcome.revision);
        this.#states.keep(ref, after);
        return accepted(ref, after, asDecided(events), outcome.position);
      }
      loaded = await this.#states.refresh(decider, ref, loaded);
      fresh = true;
    }
    throw new StreamBusyError(ref.name, ATTEMPTS);
  }

  async #appendSurely(ref: StreamRef, events: readonly NewEvent[], revision: number): Promise<AppendOutcome> {
    for (let send = 1; ; send += 1) {
      try {
        return await this.#store.append(ref, events, revision < 0 ? 'no-stream' : revision);
      } catch (error) {
        if (!(error instanceof RetryableError) || send === SENDS) throw error;
        await new Promise(resolve => setTimeout(resolve, FIRST_PAUSE_MS * 4 ** (send - 1)));
      }
    }
  }

  /** A repeated command is answered as it was the first time, whatever its decider would say today (R1). */
  async #answerAgain<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    commandId: string,
    { loaded, from }: { readonly loaded: Loaded<State>; readonly from: number },
  ): Promise<Accepted<State>> {
    const catalogue = this.#states.catalogueOf(decider);
    const { events } = await this.#store.readStream(ref, { from, limit: MAX_APPEND_EVENTS });
    const first = derivedId(commandId, ref.name, 0);
    const own = events.filter((event, index) => event.id === followingId(first, index));
    const last = own.at(-1);
    const again = own.map(({ type, data, metadata }) => ({
      type,
      data: catalogue.upcast(type, metadata.schemaVersion, data),
    }));
    return { ...accepted(ref, loaded, again, last?.position), revision: last?.revision ?? from };
  }
}

function accepted<State>(
  ref: StreamRef,
  { state, revision }: Loaded<State>,
  events: readonly DomainEvent[],
  position: Position | undefined,
): Accepted<State> {
  return { status: 'accepted', stream: ref.name, revision, position, state, events };
}

function asDecided(events: readonly NewEvent[]): DomainEvent[] {
  return events.map(({ type, data }) => ({ type, data }));
}

/** The state after the events that were just appended; `revision` is that of the last one. */
function extended<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
  decider: Decider<Command, State, Event, Refusal>,
  { state, known }: Loaded<State>,
  events: readonly NewEvent[],
  revision: number,
): Loaded<State> {
  const [first] = events;
  // A command is recognised by the first of its events (R1).
  if (first) known.add(first.id, revision - events.length + 1);
  const folded = events.reduce((now, { type, data }) => decider.evolve(now, { type, data } as Event), state);
  return { state: folded, revision, known };
}
