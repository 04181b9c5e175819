import { catalogue } from '@runledger/contracts';
import type { RunStarted } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Started } from './gate-request.js';

/** Facts that other services stored about a run. */
export class RunFacts {
  constructor(private readonly store: EventStore) {}

  /** How the run began; undefined when its stream does not say so. */
  async started(tenant: string, runId: string): Promise<Started | undefined> {
    const { events } = await this.store.readStream({ tenant, name: streamOf('run', runId) }, { limit: 1 });
    const [first] = events;
    return first?.type === 'RunStarted' ? dataOf<ReturnType<typeof RunStarted>['data']>(first) : undefined;
  }

  /** Everything of these types in the story of `event`, up to it: the same list whenever the event is processed again (R1). */
  async before(event: RecordedEvent, types: readonly string[]): Promise<RecordedEvent[]> {
    return this.#read(event, types, event.position);
  }

  /** Everything of these types in the story of `event` that there is by now. */
  async soFar(event: RecordedEvent, types: readonly string[]): Promise<RecordedEvent[]> {
    return this.#read(event, types);
  }

  async #read(event: RecordedEvent, types: readonly string[], end?: Position): Promise<RecordedEvent[]> {
    const { correlationId } = event.metadata;
    const found: RecordedEvent[] = [];
    let after = START;
    for (;;) {
      const slice = await this.store.readAll({ tenant: event.tenant, correlationId, types, after });
      found.push(...slice.events.filter(({ position }) => end === undefined || position < end));
      if (slice.caughtUp || (end !== undefined && slice.scannedTo >= end)) return found;
      after = slice.scannedTo;
    }
  }
}

/** What was stored, in its newest form. */
export function dataOf<Data>(event: RecordedEvent): Data {
  return catalogue.upcast(event.type, event.metadata.schemaVersion, event.data) as Data;
}
