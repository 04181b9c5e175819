import type { Position, RecordedEvent } from '@runledger/event-store';

/** One event that was taken up; `finish` it exactly once. */
export interface Taken {
  readonly position: Position;
  /** When the log took it (ISO 8601). */
  readonly recordedAt: string;
  finished: boolean;
}

/** So many may be behind an open event before those that are finished are summed up. */
const FEWEST_FOLDED = 1_024;

/**
 * The highest position at or before which everything is finished, while work finishes in any order. It only ever rests on
 * positions that were handed in, hence on existing events, so that it may be kept outside the store's database.
 */
export class LowWatermark {
  #entries: Taken[] = [];
  #first = 0;
  #foldAt = FEWEST_FOLDED;
  #mark: Position;

  constructor(start: Position) {
    this.#mark = start;
  }

  get position(): Position {
    return this.#mark;
  }

  /** The first event that was taken up and is not finished. */
  get pending(): Taken | undefined {
    return this.#entries[this.#first];
  }

  /** Positions must be handed in ascending. */
  take({ position, recordedAt }: Pick<RecordedEvent, 'position' | 'recordedAt'>): Taken {
    const entry = { position, recordedAt, finished: false };
    this.#add(entry);
    return entry;
  }

  finish(entry: Taken): void {
    entry.finished = true;
    this.#settle();
  }

  /**
   * Nothing else is wanted up to `position`: it counts as finished once everything before it is. It may be told late, when events
   * behind it were handed in already: then it says nothing new.
   */
  scannedTo(position: Position): void {
    if (position <= (this.#entries.at(-1)?.position ?? this.#mark)) return;
    if (this.#first === this.#entries.length) {
      this.#mark = position;
      return;
    }
    this.#add({ position, recordedAt: '', finished: true });
    this.#settle();
  }

  #add(entry: Taken): void {
    this.#entries.push(entry);
    if (this.#entries.length - this.#first > this.#foldAt) this.#fold();
  }

  /**
   * One event may take a quarter of an hour, while thousands finish behind it. Of those that lie side by side only the last position
   * counts, so what is remembered is never more than a few times what is open.
   */
  #fold(): void {
    const entries = this.#entries.slice(this.#first);
    this.#entries = entries.filter((entry, index) => !entry.finished || entries[index + 1]?.finished !== true);
    this.#first = 0;
    this.#foldAt = Math.max(FEWEST_FOLDED, 2 * this.#entries.length);
  }

  #settle(): void {
    for (;;) {
      const entry = this.#entries[this.#first];
      if (!entry?.finished) break;
      this.#mark = entry.position;
      this.#first += 1;
    }
    if (this.#first > 1_024 || this.#first === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
