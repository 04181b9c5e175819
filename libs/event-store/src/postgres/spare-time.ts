const LOOK_EVERY_MS = 100;
/** Of the time since the last look, in which this thread was at work. */
const IDLE_BELOW = 0.5;
const BUSY_ABOVE = 0.8;

/**
 * Whether this thread mostly waits for others, as of the last tenth of a second. Between half and four fifths of its time at work it
 * stays what it was: what one does with spare time takes some of it.
 */
export class SpareTime {
  #seen = performance.eventLoopUtilization();
  #seenAt = performance.now();
  #isThere = false;

  get isThere(): boolean {
    const now = performance.now();
    if (now - this.#seenAt >= LOOK_EVERY_MS) this.#look(now);
    return this.#isThere;
  }

  #look(now: number): void {
    const seen = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(seen, this.#seen);
    this.#isThere = utilization < (this.#isThere ? BUSY_ABOVE : IDLE_BELOW);
    this.#seen = seen;
    this.#seenAt = now;
  }
}
