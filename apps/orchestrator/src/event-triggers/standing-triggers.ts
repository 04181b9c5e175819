import { catalogue, eventTriggerEvents, type EventTriggerEvent } from '@runledger/contracts';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { afterEventTriggerEvent, type EventTrigger, type EventTriggers } from './event-trigger.decider.js';

const PAGE = 500;

interface Read {
  readonly next: number;
  readonly triggers: EventTriggers;
  /** Where in the log each was made or resumed last: it knows nothing of what was before. */
  readonly since: ReadonlyMap<string, Position>;
}

const NOTHING: Read = { next: 0, triggers: new Map(), since: new Map() };

/** The triggers of each workspace as its stream says. Only what is new is read: a stream only grows. */
export class StandingTriggers {
  readonly #read = new LRUCache<string, Read>({ maxSize: 1_000, sizeCalculation: () => 1 });

  constructor(private readonly store: EventStore) {}

  /** Those that an event of this type, at this place in the log, is held against. */
  async on({ tenant, type, position }: Pick<RecordedEvent, 'tenant' | 'type' | 'position'>): Promise<EventTrigger[]> {
    const { triggers, since } = await this.#upToNow(tenant);
    return [...triggers.values()].filter(
      ({ active, plan }) => active && plan.event === type && (since.get(plan.triggerId) ?? position) < position,
    );
  }

  async #upToNow(tenant: string): Promise<Read> {
    let read = this.#read.get(tenant) ?? NOTHING;
    for (;;) {
      const stream = { tenant, name: streamOf('trigger', tenant) };
      const { events } = await this.store.readStream(stream, { from: read.next, limit: PAGE });
      for (const recorded of events) read = after(read, recorded);
      this.#read.set(tenant, read);
      if (events.length < PAGE) return read;
    }
  }
}

function after({ next, triggers, since }: Read, { type, data, metadata, position }: RecordedEvent): Read {
  if (!eventTriggerEvents.some(definition => definition.type === type)) return { next: next + 1, triggers, since };
  const event = { type, data: catalogue.upcast(type, metadata.schemaVersion, data) } as EventTriggerEvent;
  const begins = event.type === 'EventTriggerCreated' || event.type === 'EventTriggerResumed';
  return {
    next: next + 1,
    triggers: afterEventTriggerEvent(triggers, event),
    since: begins ? new Map(since).set(event.data.triggerId, position) : since,
  };
}
