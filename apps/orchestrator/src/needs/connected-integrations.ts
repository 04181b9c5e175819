import { afterIntegrationEvent, catalogue, integrationEvents } from '@runledger/contracts';
import type { IntegrationBook, IntegrationEvent } from '@runledger/contracts';
import type { EventStore, Position } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';

const PAGE = 500;

interface Read {
  readonly next: number;
  readonly book: IntegrationBook;
  /** Where in the log each was connected. */
  readonly places: ReadonlyMap<string, Position>;
}

const NOTHING: Read = { next: 0, book: new Map(), places: new Map() };

/** What each workspace has connected, as its stream says. Only what is new is read: a stream only grows. */
export class ConnectedIntegrations {
  readonly #read = new LRUCache<string, Read>({ maxSize: 1_000, sizeCalculation: () => 1 });

  constructor(private readonly store: EventStore) {}

  async of(tenant: string): Promise<IntegrationBook> {
    return (await this.#upToNow(tenant)).book;
  }

  /** Whether something of this name, or of this kind, was connected behind this place in the log and still is. */
  async connectedSince(tenant: string, name: string, position: Position): Promise<boolean> {
    const { book, places } = await this.#upToNow(tenant);
    return [...book.values()].some(
      known => (known.name === name || known.kind === name) && (places.get(known.name) ?? 0n) > position,
    );
  }

  async #upToNow(tenant: string): Promise<Read> {
    let read = this.#read.get(tenant) ?? NOTHING;
    for (;;) {
      const stream = { tenant, name: streamOf('integration', tenant) };
      const { events } = await this.store.readStream(stream, { from: read.next, limit: PAGE });
      for (const recorded of events) read = after(read, recorded);
      this.#read.set(tenant, read);
      if (events.length < PAGE) return read;
    }
  }
}

type Recorded = Awaited<ReturnType<EventStore['readStream']>>['events'][number];

function after({ next, book, places }: Read, { type, data, metadata, position }: Recorded): Read {
  const known = integrationEvents.some(definition => definition.type === type);
  if (!known) return { next: next + 1, book, places };
  const event = { type, data: catalogue.upcast(type, metadata.schemaVersion, data) } as IntegrationEvent;
  const isConnection = event.type === 'IntegrationConnected';
  return {
    next: next + 1,
    book: afterIntegrationEvent(book, event),
    places: isConnection ? new Map(places).set(event.data.name, position) : places,
  };
}
