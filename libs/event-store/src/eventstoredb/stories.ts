import { filterMatcher } from '../event-filter.js';
import { LogBehindError } from '../log-behind-error.js';
import { pause } from '../pause.js';
import { START } from '../port.js';
import type { AllSlice, Position, ReadAllOptions, RecordedEvent } from '../port.js';
import { RecentEvents } from './recent-events.js';
import type { Pages } from './shared-pages.js';
import type { Tail } from './tail.js';

const PAGE_EVENTS = 1_000;
/** Stories that are kept in mind; of older ones nothing is known. */
const MOST_STORIES = 200_000;
/** Whoever asks does not wait longer for what is not known yet, and may ask again. Longer than two passes take on a busy machine. */
const PATIENCE_MS = 10_000;

/** Where a story lies in the log. */
export interface StoryPlace {
  /** Position of the event before its first one; START when there is none. */
  readonly before: Position;
  readonly last: Position;
  /** Events of the platform from its first one to its last one, those of other stories included. */
  readonly events: number;
}

/** What is known of a story; `scannedTo`: nothing of it is missing up to here, the last event that was there when it was asked for. */
export interface KnownStory {
  readonly place: StoryPlace | undefined;
  readonly scannedTo: Position;
}

export type StoryOptions = ReadAllOptions & { readonly correlationId: string; readonly limit: number };

/**
 * Where the stories (all events of one correlation id) lie in the log: the server cannot be asked for that. Made by one pass
 * over the log when it is first needed, and kept up by what came since. The newest events that were passed are kept as well.
 */
export class Stories {
  readonly #places = new Map<string, { before: Position; last: Position; began: number; events: number }>();
  readonly #recent = new RecentEvents();
  #passed = 0;
  #scannedTo: Position = START;
  #forgotten = false;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(
    private readonly sources: { readonly reader: Pages; readonly tail: Tail },
    private readonly closing: AbortSignal,
  ) {
    this.#recent.begin(START);
  }

  /** `not-yet`: the log is still being passed over. `forgotten`: the story may be too old to be remembered. */
  async find(correlationId: string): Promise<KnownStory | 'not-yet' | 'forgotten'> {
    if (!(await this.#isUpToDate())) return 'not-yet';
    const place = this.#places.get(correlationId);
    if (!place && this.#forgotten) return 'forgotten';
    return { place: place && { ...place }, scannedTo: this.#scannedTo };
  }

  /** The same as a part of the log, when the story is young enough; otherwise it must be read where it lies. */
  recall({ place, scannedTo }: KnownStory, { after, limit, ...filter }: StoryOptions): AllSlice | undefined {
    if (!place || after >= place.last) return { events: [], scannedTo, caughtUp: true };
    const page = this.#recent.read(after > place.before ? after : place.before, limit, filterMatcher(filter));
    if (!page) return undefined;
    // Another pass may have gone on since it was looked for.
    return { events: page.events, scannedTo: page.toEnd ? this.#scannedTo : page.scannedTo, caughtUp: page.toEnd };
  }

  /** A pass that begins now sees everything that was there before it was asked for. */
  async #isUpToDate(): Promise<boolean> {
    const waiting = new AbortController();
    const late = pause(PATIENCE_MS, waiting.signal).then(() => false);
    const pass = this.#pass().then(() => true);
    try {
      return await Promise.race([pass, late]);
    } finally {
      waiting.abort();
      pass.catch(() => undefined); // who begins the next pass is told
    }
  }

  /** One pass at a time; those who ask meanwhile share the next one. */
  #pass(): Promise<void> {
    if (!this.#current) return (this.#current = this.#catchUp().finally(() => (this.#current = undefined)));
    this.#next ??= this.#current
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#pass();
      });
    return this.#next;
  }

  async #catchUp(): Promise<void> {
    const { reader, tail } = this.sources;
    const kept = this.#scannedTo > tail.to ? undefined : tail.peek(this.#scannedTo, Infinity, () => true);
    this.#note(kept?.events ?? []);
    try {
      for (let from = this.#scannedTo, atHead = false; !atHead && !this.closing.aborted;) {
        const page = await reader.page(from, PAGE_EVENTS);
        this.#note(page.events);
        ({ atHead, scannedTo: from } = page);
      }
    } catch (error) {
      if (error instanceof LogBehindError) this.#forget();
      throw error;
    }
  }

  #note(events: readonly RecordedEvent[]): void {
    this.#recent.push(events);
    for (const { position, metadata } of events) {
      const known = this.#places.get(metadata.correlationId);
      if (known) [known.last, known.events] = [position, this.#passed - known.began + 1];
      else {
        const place = { before: this.#scannedTo, last: position, began: this.#passed, events: 1 };
        this.#places.set(metadata.correlationId, place);
      }
      this.#scannedTo = position;
      this.#passed += 1;
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= MOST_STORIES) return;
      this.#places.delete(id);
      this.#forgotten = true;
    }
  }

  /** Another log has taken the place of the one that was passed over. */
  #forget(): void {
    this.#places.clear();
    this.#recent.begin(START);
    this.#scannedTo = START;
    this.#forgotten = false;
  }
}
