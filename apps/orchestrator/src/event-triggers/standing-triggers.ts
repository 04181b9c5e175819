import { catalogue, eventTriggerEvents, type EventTriggerEvent } from '@runledger/contracts';
import { START, type EventStore, type Position, type RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { afterEventTriggerEvent, type EventTrigger, type EventTriggers } from './event-trigger.decider.js';

const PAGE = 500;
/** A busy workspace is read at this pace, however many events it has: nobody waits for a trigger any shorter than that. */
const PACE_MS = 25;

/** What is said of triggers. */
export const TRIGGER_EVENTS: readonly string[] = eventTriggerEvents.map(({ type }) => type);

/** Names of workspaces that are kept. */
const MOST_WITHOUT = 100_000;

type Log = Pick<EventStore, 'head' | 'readStream'>;
type Happened = Pick<RecordedEvent, 'tenant' | 'type' | 'position'>;

/** The triggers of each workspace as its stream says. */
export class StandingTriggers {
  readonly #books = new LRUCache<string, TriggerBook>({ maxSize: 1_000, sizeCalculation: () => 1 });
  /** Workspaces that have no trigger, and had none: most of them. */
  readonly #without = new Set<string>();
  /** Where something was said of triggers last, in whichever workspace. */
  #saidAt: Position = START;

  constructor(private readonly log: Log) {}

  /**
   * False when it is known without looking that no trigger waits for the event. To be asked of every event in the order of the log,
   * of {@link TRIGGER_EVENTS} too, which make it forget what it knows.
   */
  mayWaitFor({ tenant, type, position }: Happened): boolean {
    if (!TRIGGER_EVENTS.includes(type)) return !this.#without.has(tenant);
    if (position > this.#saidAt) this.#saidAt = position;
    this.#without.clear();
    return false;
  }

  /** Those that an event of this type, at this place in the log, is held against. */
  async on({ tenant, type, position }: Happened): Promise<EventTrigger[]> {
    const { triggers, since, knownTo } = await this.#bookOf(tenant).upTo(position);
    // What was said since then has been heard of already, and will not be told again.
    if (triggers.size === 0 && knownTo >= this.#saidAt) this.#noteWithout(tenant);
    return [...triggers.values()].filter(
      ({ active, plan }) => active && plan.event === type && (since.get(plan.triggerId) ?? position) < position,
    );
  }

  #noteWithout(tenant: string): void {
    if (this.#without.size === MOST_WITHOUT) this.#without.clear();
    this.#without.add(tenant);
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

  /** `knownTo`: nothing was said before it that is not read. */
  async upTo(position: Position): Promise<Read & { readonly knownTo: Position }> {
    if (position > this.#asked) this.#asked = position;
    while (position > this.#knownTo) await (this.#reading ??= this.#goOn());
    return { ...this.#read, knownTo: this.#knownTo };
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
