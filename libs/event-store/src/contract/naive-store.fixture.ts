import { START } from '../port.js';
import type { AllSlice, AppendOutcome, NewEvent, Position, ReadAllOptions, RecordedEvent, StreamRef } from '../port.js';

/**
 * What most stores on a sequence once were: a writer takes its position first and commits a moment later, and readers ask
 * for `position > last`. It loses events; the suite proves that it would notice.
 */
export class NaiveStore {
  #given: Position = START;
  readonly #committed: RecordedEvent[] = [];
  readonly #revisions = new Map<string, number>();

  async append(stream: StreamRef, events: readonly NewEvent[]): Promise<AppendOutcome> {
    const recorded = events.map(event => this.#record(stream, event));
    await new Promise(resolve => setTimeout(resolve, Math.random() * 5));
    this.#committed.push(...recorded);
    const last = recorded.at(-1);
    return { status: 'appended', revision: last?.revision ?? -1, position: last?.position ?? START };
  }

  readAll({ after, tenant, limit = 500 }: ReadAllOptions): Promise<AllSlice> {
    const events = this.#committed
      .filter(event => event.position > after && event.tenant === tenant)
      .sort((a, b) => (a.position < b.position ? -1 : 1))
      .slice(0, limit);
    return Promise.resolve({
      events,
      scannedTo: events.at(-1)?.position ?? after,
      caughtUp: events.length < limit,
    });
  }

  #record({ tenant, name }: StreamRef, event: NewEvent): RecordedEvent {
    this.#given += 1n;
    const revision = (this.#revisions.get(name) ?? -1) + 1;
    this.#revisions.set(name, revision);
    const place = { tenant, stream: name, category: 'thing', revision, position: this.#given };
    return { ...event, ...place, recordedAt: '2026-01-05T09:30:00.000Z' };
  }
}
