import type { RecordedEvent } from '../port.js';

/** Whoever waits without a match is sent to look at this pace, to say how far the log was scanned. */
const PROGRESS_MS = 500;
/** Whoever waits without a match for longer than so many events is sent to look: the tail keeps only so much. */
const FAR_BEHIND = 2_000;

/** One subscription that follows the tail, and sleeps while nothing comes that it wants. */
export class Follower {
  #wake: (() => void) | undefined;
  #passed = 0;
  #untold = false;

  constructor(
    readonly matches: (event: RecordedEvent) => boolean,
    private readonly version: () => number,
  ) {}

  /**
   * Resolves when it is worth looking again. `seen` is the tail's version before the last look, so nothing is missed;
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
    this.#passed = 0;
    wake?.();
  }

  /** Events have joined the tail. */
  offer(events: readonly RecordedEvent[]): void {
    this.#passed += events.length;
    if (this.#wake && (this.#passed > FAR_BEHIND || events.some(this.matches))) this.wake();
  }

  /** Time to report progress, if there is any. */
  tick(): void {
    if (this.#untold || this.#passed > 0) this.wake();
  }
}

/** All who follow one tail. */
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

  offer(events: readonly RecordedEvent[]): void {
    for (const follower of this.#all) follower.offer(events);
  }

  wake(): void {
    for (const follower of this.#all) follower.wake();
  }

  #tick(): void {
    for (const follower of this.#all) follower.tick();
  }
}
