import { catalogue } from '@runledger/contracts';
import { START, type EventStore, type Position, type RecordedEvent } from '@runledger/event-store';
import { EVENT_STORE } from '@runledger/platform';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { keyIn } from '../reads/row-key.js';
import { transcriptEvents } from './transcript-entries.js';
import type { TranscriptFold, PlacedEvent } from './transcript-fold.js';
import { TranscriptHistory } from './transcript-history.js';

export const TRANSCRIPT_TYPES = transcriptEvents.map(event => event.type);

/** Runs that were watched lately, and the most that is kept of one in characters: longer ones are read again. */
const KEPT_RUNS = 200;
const KEPT_CHARS = 100_000;
const KEPT_MS = 60_000;

interface Story {
  readonly tenant: string;
  readonly correlationId: string;
}

interface Known {
  history: TranscriptHistory;
  /** The reading of what is missing: one at a time. */
  reading: Promise<void>;
}

/**
 * What was delivered before a cursor says what the entries that go on behind it are. Read from the log once for all who come back to a
 * run, and then only what was written since.
 */
@Injectable()
export class TranscriptPast {
  readonly #known = new LRUCache<string, Known>({ max: KEPT_RUNS, ttl: KEPT_MS });

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** What a reader knows who has the run's transcript up to `position`. */
  async foldAt(story: Story, position: Position): Promise<TranscriptFold> {
    const key = keyIn(story.tenant, story.correlationId);
    const known = this.#known.get(key) ?? { history: new TranscriptHistory(START), reading: Promise.resolve() };
    this.#known.set(key, known);
    const read = known.reading.then(() => this.#read(known.history, story, position));
    known.reading = read.catch(() => undefined); // whoever awaits it is told; the next one reads on from there
    await read;
    if (known.history.chars > KEPT_CHARS) this.#known.delete(key);
    return known.history.foldAt(position);
  }

  async #read(history: TranscriptHistory, story: Story, upTo: Position): Promise<void> {
    while (history.upTo < upTo) {
      const wanted = { ...story, types: TRANSCRIPT_TYPES, after: history.upTo, limit: 500 };
      const { events, scannedTo, caughtUp } = await this.store.readAll(wanted);
      history.add(events.map(placed), scannedTo);
      if (caughtUp) return;
    }
  }
}

export function placed(event: RecordedEvent): PlacedEvent {
  const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
  return { type: event.type, data, position: event.position } as PlacedEvent;
}
