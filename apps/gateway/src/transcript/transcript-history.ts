import type { Position } from '@runledger/event-store';
import { entryIdOf, entryOf, type TranscriptEntry } from './transcript-entries.js';
import { headerOf, TranscriptFold, type PlacedEvent } from './transcript-fold.js';

/** One entry that went on from its first event until its end, if it has one. */
interface Span {
  readonly id: string;
  readonly header: TranscriptEntry;
  readonly from: Position;
  until?: Position;
}

/**
 * Which entries of one run were going on at any position of the log, so that a reader may come back behind any of them without the
 * transcript being read from its beginning. Holds headers, never text.
 */
export class TranscriptHistory {
  readonly #spans: Span[] = [];
  readonly #going = new Map<string, Span>();
  #upTo: Position;
  #chars = 0;

  constructor(after: Position) {
    this.#upTo = after;
  }

  /** Everything up to here is in it. */
  get upTo(): Position {
    return this.#upTo;
  }

  /** Rough size in memory. */
  get chars(): number {
    return this.#chars;
  }

  /** Events in log order; what is in it already is passed over. */
  add(events: readonly PlacedEvent[], scannedTo: Position): void {
    for (const event of events) if (event.position > this.#upTo) this.#take(event);
    if (scannedTo > this.#upTo) this.#upTo = scannedTo;
  }

  /** What a reader knows who has everything up to `position`, which must not be beyond {@link upTo}. */
  foldAt(position: Position): TranscriptFold {
    const begun = this.#spans.filter(
      ({ from, until }) => from <= position && (until === undefined || until > position),
    );
    return new TranscriptFold(begun.map(({ id, header }) => [id, header]));
  }

  #take(event: PlacedEvent): void {
    const id = entryIdOf(event);
    const going = this.#going.get(id);
    if (!going) return this.#begin(id, event);
    if (going.header.__typename !== 'ToolEntry' || event.type !== 'ToolCallEnded') return;
    going.until = event.position;
    this.#going.delete(id);
  }

  #begin(id: string, event: PlacedEvent): void {
    const entry = entryOf(event, event.position.toString());
    const header = entry && headerOf(entry);
    if (!header) return;
    const span: Span = { id, header, from: event.position };
    this.#spans.push(span);
    this.#going.set(id, span);
    this.#chars += JSON.stringify(header).length;
  }
}
