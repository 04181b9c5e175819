import { EventCatalogue } from '@runledger/kernel';
import type { Decider, DomainEvent, Rejection } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import type { EventStore, StreamRef } from '../port.js';
import { KnownEvents } from './known-events.js';

const PAGE_EVENTS = 1_000;
/** Of all cached streams together, about 100 bytes each. */
const CACHED_EVENT_IDS = 300_000;

/** One stream folded up to a revision, and which events it holds. */
export interface Loaded<State> {
  readonly state: State;
  readonly revision: number;
  readonly known: KnownEvents;
}

/**
 * Folded streams, the recent ones kept in memory so that a busy stream is not read again. A cached state may be old: then
 * an append at its revision conflicts. It is never ahead of the store.
 */
export class StreamStates {
  readonly #cache: LRUCache<string, Loaded<unknown>>;
  readonly #catalogues = new WeakMap<object, EventCatalogue>();

  constructor(
    private readonly store: EventStore,
    cachedStates: number,
  ) {
    this.#cache = new LRUCache({
      max: cachedStates,
      maxSize: CACHED_EVENT_IDS,
      // However long a stream is, its state is kept.
      sizeCalculation: ({ known }) => Math.min(Math.ceil(known.size) + 1, CACHED_EVENT_IDS / 2),
    });
  }

  cached<State>(ref: StreamRef): Loaded<State> | undefined {
    return this.#cache.get(cacheKey(ref)) as Loaded<State> | undefined;
  }

  /** To look at: that is no use, so the state stays in memory no longer for it, and takes no other's place. */
  known<State>(ref: StreamRef): Loaded<State> | undefined {
    return this.#cache.peek(cacheKey(ref)) as Loaded<State> | undefined;
  }

  /** Keeps a state unless a newer one is kept. */
  keep(ref: StreamRef, loaded: Loaded<unknown>): void {
    const key = cacheKey(ref);
    const kept = this.#cache.peek(key);
    if (!kept || kept.revision <= loaded.revision) this.#cache.set(key, loaded);
  }

  /** The state as of now: what the stream has gained is folded onto `from`; a stream deleted since begins anew. */
  async refresh<Command, State, Event extends DomainEvent, Refusal extends Rejection>(
    decider: Decider<Command, State, Event, Refusal>,
    ref: StreamRef,
    from: Loaded<State> = nothingOf(decider),
  ): Promise<Loaded<State>> {
    const catalogue = this.catalogueOf(decider);
    let { state, revision, known } = from;
    for (let full = true; full;) {
      const slice = await this.store.readStream(ref, { from: revision + 1, limit: PAGE_EVENTS });
      if (slice.state !== 'active') return this.#forget(ref, nothingOf(decider));
      for (const event of slice.events) {
        if (event.revision > revision + 1) ({ state, known } = nothingOf(decider));
        const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
        state = decider.evolve(state, { type: event.type, data } as Event);
        revision = event.revision;
        known.add(event.id, revision);
      }
      full = slice.events.length === PAGE_EVENTS;
    }
    const loaded = { state, revision, known };
    this.keep(ref, loaded);
    return loaded;
  }

  /** The revision of an event by its id, looked for from the stream's end. */
  async revisionOf(ref: StreamRef, id: string): Promise<number | undefined> {
    for (let from: number | undefined; from === undefined || from >= 0;) {
      const range = from === undefined ? {} : { from };
      const { events } = await this.store.readStream(ref, { ...range, direction: 'backwards', limit: PAGE_EVENTS });
      const event = events.find(each => each.id === id);
      if (event) return event.revision;
      from = (events.at(-1)?.revision ?? 0) - 1;
    }
    return undefined;
  }

  #forget<State>(ref: StreamRef, nothing: Loaded<State>): Loaded<State> {
    this.#cache.delete(cacheKey(ref));
    return nothing;
  }

  catalogueOf(decider: { readonly events: Decider<never, never, never>['events'] }): EventCatalogue {
    let catalogue = this.#catalogues.get(decider);
    if (!catalogue) {
      catalogue = new EventCatalogue(decider.events);
      this.#catalogues.set(decider, catalogue);
    }
    return catalogue;
  }
}

export function nothingOf<State>(decider: { initialState(): State }): Loaded<State> {
  return { state: decider.initialState(), revision: -1, known: new KnownEvents() };
}

export function cacheKey(ref: StreamRef): string {
  return `${ref.tenant}\n${ref.name}`;
}
