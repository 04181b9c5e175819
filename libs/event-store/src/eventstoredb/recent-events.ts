import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { weightOf } from './weight.js';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 32_000_000;

interface Kept {
  readonly event: RecordedEvent;
  readonly bytes: number;
}

/** What was found behind a position. */
export interface RecentPage {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
  /** Nothing is left before the end of what is kept. */
  readonly toEnd: boolean;
}

/** A stretch of the log without a hole: every event after `from` and up to `to`. What is too much falls off at the old end. */
export class RecentEvents {
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  #from: Position | undefined;
  #to: Position = START;

  get to(): Position {
    return this.#to;
  }

  get hasBegun(): boolean {
    return this.#from !== undefined;
  }

  /** Begins anew behind this position. */
  begin(at: Position): void {
    this.forget();
    this.#from = this.#to = at;
  }

  /** Holds nothing, not even an empty stretch. */
  forget(): void {
    [this.#kept, this.#first, this.#bytes, this.#from, this.#to] = [[], 0, 0, undefined, START];
  }

  /** They must be the next ones of the log. */
  push(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      const bytes = weightOf(event, this.#to);
      this.#kept.push({ event, bytes });
      this.#bytes += bytes;
      this.#to = event.position;
    }
    while (this.#kept.length - this.#first > MOST_EVENTS || this.#bytes > MOST_BYTES) this.#drop();
    if (this.#first > 1_024) [this.#kept, this.#first] = [this.#kept.slice(this.#first), 0];
  }

  /** The next events after `after` that match; undefined when they are not kept (any more, or yet). */
  read(after: Position, limit: number, matches: (event: RecordedEvent) => boolean): RecentPage | undefined {
    if (this.#from === undefined || after < this.#from) return undefined;
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    for (let index = this.#indexAfter(after); index < this.#kept.length; index += 1) {
      const { event } = this.#kept[index] as Kept;
      if (events.length === limit) return { events, scannedTo, toEnd: false };
      scannedTo = event.position;
      if (matches(event)) events.push(event);
    }
    return { events, scannedTo, toEnd: true };
  }

  #drop(): void {
    const { event, bytes } = this.#kept[this.#first] as Kept;
    this.#first += 1;
    this.#bytes -= bytes;
    this.#from = event.position;
  }

  #indexAfter(after: Position): number {
    let [low, high] = [this.#first, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as Kept).event.position <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
