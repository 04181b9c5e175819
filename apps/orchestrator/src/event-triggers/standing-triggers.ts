import { catalogue, eventTriggerEvents, type EventTriggerEvent } from '@runledger/contracts';
import { START, type EventStore, type Position, type RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { afterEventTriggerEvent, type EventTrigger, type EventTriggers } from './event-trigger.decider.js';

const PAGE = 500;
/** A busy workspace is read at this pace, however many events it has: nobody waits for a trigger any shorter than that. */
const PACE_MS = 25;

type Log = Pick<EventStore, 'head' | 'readStream'>;

/** The triggers of each workspace as its stream says. */
export class StandingTriggers {
  readonly #books = new LRUCache<string, TriggerBook>({ maxSize: 1_000, sizeCalculation: () => 1 });

  constructor(private readonly log: Log) {}

  /** Those that an event of this type, at this place in the log, is held against. */
  async on({ tenant, type, position }: Pick<RecordedEvent, 'tenant' | 'type' | 'position'>): Promise<EventTrigger[]> {
    const { triggers, since } = await this.#bookOf(tenant).upTo(position);
    return [...triggers.values()].filter(
      ({ active, plan }) => active && plan.event === type && (since.get(plan.triggerId) ?? position) < position,
    );
  }

  #bookOf(tenant: string): TriggerBook {
    const known = this.#books.get(tenant);
    if (known) return known;
    const book = new TriggerBook(this.log, tenant);
    this.#books.set(tenant, book);
    return book;
  }
}

interface Read {
  readonly next: number;
  readonly triggers: EventTriggers;
  /** Where in the log each was made or resumed last: it knows nothing of what was before. */
  readonly since: ReadonlyMap<string, Position>;
}

/**
 * The stream of one workspace. Each step of each run asks for it, and it hardly ever changes: one read answers for every event up to
 * the head of the log when it began, since nothing joins the log behind a position that was handed out (E2). Only what is new is
 * read: a stream only grows.
 */
class TriggerBook {
  #read: Read = { next: 0, triggers: new Map(), since: new Map() };
  #knownTo: Position = START;
  #asked: Position = START;
  #reading: Promise<void> | undefined;
  #beganAt = -Infinity;

  constructor(
    private readonly log: Log,
    private readonly tenant: string,
  ) {}

  async upTo(position: Position): Promise<Read> {
    if (position > this.#asked) this.#asked = position;
    while (position > this.#knownTo) await (this.#reading ??= this.#goOn());
    return this.#read;
  }

  async #goOn(): Promise<void> {
    try {
      const early = this.#beganAt + PACE_MS - performance.now();
      if (early > 0) await new Promise(resolve => setTimeout(resolve, early));
      this.#beganAt = performance.now();
      const asked = this.#asked;
      const head = await this.log.head();
      await this.#readOn();
      // Whoever asks stands at an event that was handed out, even where the log was restored to an earlier head since.
      this.#knownTo = asked > head ? asked : head;
    } finally {
      this.#reading = undefined;
    }
  }

  async #readOn(): Promise<void> {
    const stream = { tenant: this.tenant, name: streamOf('trigger', this.tenant) };
    for (;;) {
      const { events } = await this.log.readStream(stream, { from: this.#read.next, limit: PAGE });
      for (const recorded of events) this.#read = after(this.#read, recorded);
      if (events.length < PAGE) return;
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
