import { START } from './port.js';
import type { Position, RecordedEvent } from './port.js';

/** Whoever waits without a match is sent to look at this pace, to say how far the log was scanned. */
const PROGRESS_MS = 500;

/** What has joined the end of the log that is followed. */
export interface Growth {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
}

/** What a follower waits for. */
export interface Wanted {
  readonly matches: (event: RecordedEvent) => boolean;
  /** Where it has come to. */
  readonly after: Position;
  /** The only story that it wants events of; left out: of all. */
  readonly correlationId?: string | undefined;
  /** False: it need not be told how far the log was scanned without a match. */
  readonly progress?: boolean | undefined;
}

/** The place that is followed. */
export interface Followed {
  /** Grows with each change, so that a follower can tell whether it missed one. */
  readonly version: number;
  /** Every event of the log up to here has joined it; undefined as long as it has not begun. */
  readonly end: Position | undefined;
}

/**
 * One subscription that follows the end of the log in memory, and sleeps while nothing comes that it wants. What it sleeps through
 * counts as scanned, so it neither looks at that again nor holds it in memory.
 */
export class Follower {
  readonly matches: (event: RecordedEvent) => boolean;
  readonly correlationId: string | undefined;
  readonly #progress: boolean;
  #wake: (() => void) | undefined;
  #untold = false;
  #position: Position;
  #sleptAt: Position;
  #atEnd = false;

  constructor(
    { matches, after, correlationId, progress = true }: Wanted,
    private readonly all: Followers,
  ) {
    this.matches = matches;
    this.correlationId = correlationId;
    this.#progress = progress;
    this.#position = after;
    this.#sleptAt = after;
  }

  /** It needs nothing up to here any more. */
  get position(): Position {
    const { offered } = this.all;
    return this.#atEnd && offered > this.#position ? offered : this.#position;
  }

  /** F1 holds of it. */
  get sleepsAtEnd(): boolean {
    return this.#atEnd;
  }

  /** Everything up to here was handed to it. */
  moveTo(position: Position): void {
    this.#position = position;
  }

  /**
   * Resolves when it is worth looking again. `seen` is the version before the last look, so nothing is missed;
   * `untold` says that there is progress to report when its time has come.
   */
  async next(seen: number, untold: boolean): Promise<void> {
    if (this.all.version !== seen) return;
    this.#untold = untold;
    this.#sleptAt = this.#position;
    await new Promise<void>(resolve => {
      this.#wake = resolve;
      this.#atEnd = this.all.asleep(this);
    });
  }

  wake(): void {
    this.#position = this.position;
    if (!this.#atEnd) this.all.awake(this);
    this.#atEnd = false;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Events have joined what is followed, which reached up to `before` and now has all of the log up to `scannedTo`. */
  offer({ events, scannedTo }: Growth, before: Position): void {
    if (!this.#wake) return;
    // Where it has not been, it must look for itself.
    if (this.position < before || events.some(this.matches)) return this.wake();
    if (scannedTo > this.#position) this.#position = scannedTo;
  }

  /** Time to report progress, if there is any. */
  tick(): void {
    if (this.#wake && this.#progress && (this.#untold || this.position > this.#sleptAt)) this.wake();
  }
}

/**
 * All who follow the end of the log in one place. Most want one story only, and are many: while such a follower sleeps at the end,
 * events of other stories do not touch it.
 *
 * F1 A follower that sleeps by its story had everything up to the end when it fell asleep, and whatever joined of its story woke it.
 *    So it needs nothing up to the end as it is now.
 * F2 Whoever sleeps before the end, or at a place that has not begun, is offered each growth, and looks for itself.
 */
export class Followers {
  /** Those who want all stories. */
  readonly #others = new Set<Follower>();
  readonly #byStory = new Map<string, Set<Follower>>();
  /** Those who want one story, and sleep where F1 does not hold. */
  readonly #behind = new Set<Follower>();
  #size = 0;
  #ticking: NodeJS.Timeout | undefined;
  #offered: Position = START;

  constructor(private readonly place: Followed) {}

  get size(): number {
    return this.#size;
  }

  get version(): number {
    return this.place.version;
  }

  /** Up to here everything was offered. */
  get offered(): Position {
    return this.#offered;
  }

  follow(wanted: Wanted): Follower {
    const follower = new Follower(wanted, this);
    this.#companionsOf(follower).add(follower);
    this.#size += 1;
    this.#ticking ??= setInterval(() => this.#tick(), PROGRESS_MS);
    return follower;
  }

  remove(follower: Follower): void {
    const { correlationId } = follower;
    const companions = this.#companionsOf(follower);
    if (companions.delete(follower)) this.#size -= 1;
    if (correlationId !== undefined && companions.size === 0) this.#byStory.delete(correlationId);
    this.#behind.delete(follower);
    if (this.#size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  offer(growth: Growth, before: Position): void {
    for (const follower of this.#others) follower.offer(growth, before);
    for (const follower of this.#behind) follower.offer(growth, before);
    if (this.#byStory.size > 0) this.#offerByStory(growth, before);
    this.#offered = growth.scannedTo;
  }

  /** Nobody needs anything up to here any more, or up to `position` when that is lower. */
  lowest(position: Position): Position {
    let lowest = position;
    for (const follower of this.#all()) {
      if (!follower.sleepsAtEnd && follower.position < lowest) lowest = follower.position;
    }
    return lowest;
  }

  wake(): void {
    for (const follower of this.#all()) follower.wake();
  }

  /** Answers whether F1 holds of it from now on. */
  asleep(follower: Follower): boolean {
    const { end } = this.place;
    if (follower.correlationId === undefined) return false;
    if (end === undefined || follower.position < end) {
      this.#behind.add(follower);
      return false;
    }
    this.#offered = end;
    return true;
  }

  awake(follower: Follower): void {
    this.#behind.delete(follower);
  }

  #offerByStory(growth: Growth, before: Position): void {
    for (const correlationId of new Set(growth.events.map(({ metadata }) => metadata.correlationId))) {
      for (const follower of this.#byStory.get(correlationId) ?? []) follower.offer(growth, before);
    }
  }

  #companionsOf({ correlationId }: Follower): Set<Follower> {
    if (correlationId === undefined) return this.#others;
    const companions = this.#byStory.get(correlationId) ?? new Set();
    this.#byStory.set(correlationId, companions);
    return companions;
  }

  *#all(): Generator<Follower, void> {
    yield* this.#others;
    for (const companions of this.#byStory.values()) yield* companions;
  }

  #tick(): void {
    for (const follower of this.#all()) follower.tick();
  }
}
