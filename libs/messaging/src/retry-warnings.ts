import type { ConsumerLog } from './consumer-log.js';

const TELL_EVERY_MS = 10_000;

/**
 * Tells a log of tries that failed and are made again, so that nobody waits in silence: of the first failure at once, of
 * those that come fast behind it together, every ten seconds at most for one kind of work.
 */
export class RetryWarnings {
  readonly #told = new Map<string, { atMs: number; untold: number }>();

  constructor(
    private readonly log: ConsumerLog,
    private readonly consumer: string,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** To be called after each failure; `doing` says in words what is tried, and keeps one kind of work from another. */
  of(doing: string): (error: unknown) => void {
    return error => {
      const last = this.#told.get(doing);
      const failures = (last?.untold ?? 0) + 1;
      if (last && this.nowMs() - last.atMs < TELL_EVERY_MS) {
        last.untold = failures;
        return;
      }
      this.#told.set(doing, { atMs: this.nowMs(), untold: 0 });
      this.log.warn({ consumer: this.consumer, doing, failures, err: error }, `${doing} failed; it is tried again`);
    };
  }
}
