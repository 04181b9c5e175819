import { EventCatalogue, isRejection, RetryableError } from '@runledger/kernel';
import type { Decider, DomainEvent, Rejection } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import type { Actor, AppendOutcome, EventStore, NewEvent, Position, StreamRef } from '../port.js';
import { InvalidEventError, StreamBusyError, StreamEndedError } from './command-errors.js';
import { derivedId } from './event-ids.js';

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

interface Loaded<State> {
  readonly state: State;
  readonly revision: number;
}

const ATTEMPTS = 8;

/**
 * Load → decide → append at the revision that was decided on. Conflicts are decided again on the newer state; ambiguous
 * failures are sent again with the same ids (E1). Keeps recent states in memory, so a busy stream is not read again:
 * a stale state can only cause a conflict, never a wrong append, and a refusal is checked against the store first.
 */
export class CommandHandler {
  readonly #store: EventStore;
  readonly #states: LRUCache<string, Loaded<unknown>>;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #catalogues = new WeakMap<object, EventCatalogue>();

  constructor(store: EventStore, options: { readonly cachedStates?: number } = {}) {
    this.#store = store;
    this.#states = new LRUCache({ max: options.cachedStates ?? 5_000 });
  }

  /** `stream` is the full name, `<category>-<key>`, in the context's workspace. */
  handle<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Accepted<State> | Refused<Refusal>> {
    const ref = { tenant: context.workspaceId, name: stream };
    return this.#inTurn(cacheKey(ref), () => this.#decideAndAppend(decider, ref, command, context));
  }

  /** The state of one stream as of now. */
  async load<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
  ): Promise<{ readonly state: State; readonly revision: number }> {
    return this.#refresh(decider, ref, this.#cached<State>(ref) ?? { state: decider.initialState(), revision: -1 });
  }

  async #decideAndAppend<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    command: Command,
    context: CommandContext,
  ): Promise<Accepted<State> | Refused<Refusal>> {
    const known = this.#cached<State>(ref);
    let fresh = known === undefined;
    let loaded = known ?? (await this.#refresh(decider, ref, { state: decider.initialState(), revision: -1 }));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const decision = decider.decide(command, loaded.state);
      if (isRejection(decision) || decision.length === 0) {
        if (!fresh) {
          const newer = await this.#refresh(decider, ref, loaded);
          fresh = true;
          if (newer.revision !== loaded.revision) {
            loaded = newer;
            continue;
          }
        }
        const earlier = await this.#alreadyDone(ref, context.commandId, loaded);
        if (earlier) return earlier;
        if (isRejection(decision)) return { status: 'refused', refusal: decision };
        return {
          status: 'accepted',
          stream: ref.name,
          revision: loaded.revision,
          position: undefined,
          state: loaded.state,
          events: [],
        };
      }
      const outcome = await this.#append(decider, ref, decision, loaded.revision, context);
      switch (outcome.status) {
        case 'appended': {
          const state = decision.reduce((folded, event) => decider.evolve(folded, event), loaded.state);
          this.#states.set(cacheKey(ref), { state, revision: outcome.revision });
          return {
            status: 'accepted',
            stream: ref.name,
            revision: outcome.revision,
            position: outcome.position,
            state,
            events: decision,
          };
        }
        case 'duplicate': {
          loaded = await this.#refresh(decider, ref, loaded);
          const earlier = await this.#alreadyDone(ref, context.commandId, loaded);
          if (earlier) return earlier;
          break;
        }
        case 'conflict':
          loaded = await this.#refresh(decider, ref, loaded);
          fresh = true;
          break;
        case 'deleted':
          throw new StreamEndedError(ref.name);
      }
    }
    throw new StreamBusyError(ref.name, ATTEMPTS);
  }

  #append<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    events: readonly Event[],
    revision: number,
    context: CommandContext,
  ): Promise<AppendOutcome> {
    const catalogue = this.#catalogueOf(decider);
    const recorded = events.map((event, index) => toNewEvent(catalogue, ref, event, index, context));
    return this.#appendSurely(ref, recorded, revision < 0 ? 'no-stream' : revision);
  }

  async #appendSurely(
    ref: StreamRef,
    events: readonly NewEvent[],
    expected: number | 'no-stream',
  ): Promise<AppendOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#store.append(ref, events, expected);
      } catch (error) {
        if (!(error instanceof RetryableError) || attempt === 3) throw error;
        await new Promise(resolve => setTimeout(resolve, 50 * 4 ** (attempt - 1)));
      }
    }
  }

  async #refresh<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    from: Loaded<State>,
  ): Promise<Loaded<State>> {
    const catalogue = this.#catalogueOf(decider);
    let { state, revision } = from;
    for (;;) {
      const slice = await this.#store.readStream(ref, { from: revision + 1, limit: 1_000 });
      for (const event of slice.events) {
        const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
        state = decider.evolve(state, { type: event.type, data } as Event);
        revision = event.revision;
      }
      if (slice.events.length < 1_000) break;
    }
    const loaded = { state, revision };
    if (revision >= 0) this.#states.set(cacheKey(ref), loaded);
    return loaded;
  }

  /** A repeated command is answered as it was the first time, whatever its decider would say today. */
  async #alreadyDone<State>(
    ref: StreamRef,
    commandId: string,
    loaded: Loaded<State>,
  ): Promise<Accepted<State> | undefined> {
    const first = derivedId(commandId, ref.name, 0);
    let upTo = loaded.revision;
    while (upTo >= 0) {
      const { events } = await this.#store.readStream(ref, { from: upTo, direction: 'backwards', limit: 500 });
      const found = events.find(event => event.id === first);
      if (found) return this.#earlierResult(ref, commandId, loaded.state, found.revision);
      if (events.length < 500) return undefined;
      upTo -= events.length;
    }
    return undefined;
  }

  async #earlierResult<State>(ref: StreamRef, commandId: string, state: State, from: number): Promise<Accepted<State>> {
    const { events } = await this.#store.readStream(ref, { from });
    const own = events.filter((event, index) => event.id === derivedId(commandId, ref.name, index));
    const last = own.at(-1);
    return {
      status: 'accepted',
      stream: ref.name,
      revision: last?.revision ?? from,
      position: last?.position,
      state,
      events: own.map(({ type, data }) => ({ type, data })),
    };
  }

  #cached<State>(ref: StreamRef): Loaded<State> | undefined {
    return this.#states.get(cacheKey(ref)) as Loaded<State> | undefined;
  }

  #catalogueOf(decider: { readonly events: Decider<never, never, never>['events'] }): EventCatalogue {
    let catalogue = this.#catalogues.get(decider);
    if (!catalogue) {
      catalogue = new EventCatalogue(decider.events);
      this.#catalogues.set(decider, catalogue);
    }
    return catalogue;
  }

  /** Commands on one stream of this process wait for each other instead of conflicting. */
  #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#turns.get(key) ?? Promise.resolve();
    const turn = previous.then(work, work);
    this.#turns.set(key, turn);
    const done = () => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    };
    turn.then(done, done);
    return turn;
  }
}

function toNewEvent(
  catalogue: EventCatalogue,
  ref: StreamRef,
  event: DomainEvent,
  index: number,
  context: CommandContext,
): NewEvent {
  const definition = catalogue.find(event.type);
  if (!definition) throw new InvalidEventError(event.type, 'the decider does not list it in `events`');
  return {
    id: derivedId(context.commandId, ref.name, index),
    type: event.type,
    data: validated(definition.schema, event),
    metadata: {
      correlationId: context.correlationId,
      causationId: context.causationId ?? context.commandId,
      actor: context.actor,
      workspaceId: context.workspaceId,
      occurredAt: context.occurredAt,
      schemaVersion: definition.version,
      ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    },
  };
}

function validated(schema: { parse(input: unknown): unknown }, event: DomainEvent): unknown {
  try {
    return schema.parse(event.data);
  } catch (cause) {
    throw new InvalidEventError(event.type, 'its data does not fit its schema', cause);
  }
}

function cacheKey(ref: StreamRef): string {
  return `${ref.tenant}\n${ref.name}`;
}
