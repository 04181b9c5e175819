import type { Position, RecordedEvent } from '../port.js';
import type { LogReader, Page } from './log-reader.js';
import { weightOf } from './weight.js';

const KEPT_MS = 2_000;
const MOST_BYTES = 16_000_000;

/** Where pages of the log come from. */
export type Pages = Pick<LogReader, 'page'>;

/** A part of the log without a hole: all events after `from` and up to `to`. */
interface Stretch {
  readonly from: Position;
  readonly to: Position;
  readonly events: readonly RecordedEvent[];
  readonly bytes: number;
}

/**
 * Pages for many who go over the same part of the log within moments, as read models do that are built again: each event is brought from
 * the server once, in place of once for each of them. What is kept is complete, because nothing is ever stored before an event
 * that could be read. The last page is brought for each: what is kept of it would say nothing of what has come since, or of another log
 * that has taken the place of this one.
 */
export class SharedPages implements Pages {
  readonly #kept: Stretch[] = [];
  readonly #underWay = new Map<Position, Promise<Page>>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly reader: Pages) {}

  async page(after: Position, limit: number): Promise<Page> {
    const kept = this.#find(after, limit);
    if (kept) return kept;
    const underWay = this.#underWay.get(after);
    if (!underWay) return this.#bring(after, limit);
    await underWay.catch(() => undefined); // whoever asked for it is told; this one asks again
    return this.#find(after, limit) ?? this.#bring(after, limit);
  }

  async #bring(after: Position, limit: number): Promise<Page> {
    const bringing = this.reader.page(after, limit);
    this.#underWay.set(after, bringing);
    try {
      const page = await bringing;
      if (!page.atHead) this.#keep(after, page);
      return page;
    } finally {
      if (this.#underWay.get(after) === bringing) this.#underWay.delete(after);
    }
  }

  #find(after: Position, limit: number): Page | undefined {
    const stretch = this.#kept.find(({ from, to }) => from <= after && after < to);
    if (!stretch) return undefined;
    const first = firstBehind(stretch.events, after);
    const events = stretch.events.slice(first, first + limit);
    const isRest = first + events.length === stretch.events.length;
    return { events, scannedTo: isRest ? stretch.to : (events.at(-1)?.position ?? after), atHead: false };
  }

  #keep(from: Position, { events, scannedTo: to }: Page): void {
    let [bytes, before] = [0, from];
    for (const event of events) {
      bytes += weightOf(event, before);
      before = event.position;
    }
    if (bytes > MOST_BYTES || to === from) return;
    this.#kept.push({ from, to, events, bytes });
    this.#bytes += bytes;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    this.#timer ??= setTimeout(() => this.#forget(), KEPT_MS).unref();
    this.#timer.refresh();
  }

  #forget(): void {
    this.#kept.length = this.#bytes = 0;
    this.#timer = undefined;
  }
}

function firstBehind(events: readonly RecordedEvent[], after: Position): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as RecordedEvent).position <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
