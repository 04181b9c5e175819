import type { Position, RecordedEvent } from './port.js';

/** Whoever waits without a match is sent to look at this pace, to say how far the log was scanned. */
const PROGRESS_MS = 500;

/** What has joined the end of the log that is followed. */
export interface Growth {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
}

/**
 * One subscription that follows the end of the log in memory, and sleeps while nothing comes that it wants. What it sleeps through
 * counts as scanned, so it neither looks at that again nor holds it in memory.
 */
export class Follower {
  #wake: (() => void) | undefined;
  #passed = false;
  #untold = false;
  #position: Position;

  constructor(
    readonly matches: (event: RecordedEvent) => boolean,
    after: Position,
    private readonly version: () => number,
  ) {
    this.#position = after;
  }

  /** It needs nothing up to here any more. */
  get position(): Position {
    return this.#position;
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
    if (this.version() !== seen) return;
    this.#untold = untold;
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    this.#passed = false;
    wake?.();
  }

  /** Events have joined what is followed, which reached up to `before` and now has all of the log up to `scannedTo`. */
  offer({ events, scannedTo }: Growth, before: Position): void {
    if (!this.#wake) return;
    // Where it has not been, it must look for itself.
    if (this.#position < before || events.some(this.matches)) return this.wake();
    if (scannedTo > this.#position) this.#position = scannedTo;
    this.#passed = true;
  }

  /** Time to report progress, if there is any. */
  tick(): void {
    if (this.#untold || this.#passed) this.wake();
  }
}

/** All who follow the end of the log in one place. */
export class Followers {
  readonly #all = new Set<Follower>();
  #ticking: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#all.size;
  }

  add(follower: Follower): void {
    this.#all.add(follower);
    this.#ticking ??= setInterval(() => this.#tick(), PROGRESS_MS);
  }

  remove(follower: Follower): void {
    this.#all.delete(follower);
    if (this.#all.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  offer(growth: Growth, before: Position): void {
    for (const follower of this.#all) follower.offer(growth, before);
  }

  /** Nobody needs anything up to here any more, or up to `position` when that is lower. */
  lowest(position: Position): Position {
    let lowest = position;
    for (const follower of this.#all) if (follower.position < lowest) lowest = follower.position;
    return lowest;
  }

  wake(): void {
    for (const follower of this.#all) follower.wake();
  }

  #tick(): void {
    for (const follower of this.#all) follower.tick();
  }
}
