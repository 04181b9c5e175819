import { EventCatalogue } from '@runledger/kernel';
import type { Decider, DomainEvent, Rejection } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import type { EventStore, StreamRef } from '../port.js';

const PAGE_EVENTS = 1_000;
/** Of all cached streams together, about 100 bytes each. */
const CACHED_EVENT_IDS = 300_000;

/** One stream folded up to a revision. `revisions` holds the revision of each event in it by event id. */
export interface Loaded<State> {
  readonly state: State;
  readonly revision: number;
  readonly revisions: Map<string, number>;
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
      sizeCalculation: ({ revisions }) => revisions.size + 1,
    });
  }

  cached<State>(ref: StreamRef): Loaded<State> | undefined {
    return this.#cache.get(cacheKey(ref)) as Loaded<State> | undefined;
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
    let { state, revision, revisions } = from;
    for (let full = true; full;) {
      const slice = await this.store.readStream(ref, { from: revision + 1, limit: PAGE_EVENTS });
      if (slice.state !== 'active') return this.#forget(ref, nothingOf(decider));
      for (const event of slice.events) {
        if (event.revision > revision + 1) ({ state, revisions } = nothingOf(decider));
        const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
        state = decider.evolve(state, { type: event.type, data } as Event);
        revision = event.revision;
        revisions.set(event.id, revision);
      }
      full = slice.events.length === PAGE_EVENTS;
    }
    const loaded = { state, revision, revisions };
    this.keep(ref, loaded);
    return loaded;
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
  return { state: decider.initialState(), revision: -1, revisions: new Map() };
}

export function cacheKey(ref: StreamRef): string {
  return `${ref.tenant}\n${ref.name}`;
}
