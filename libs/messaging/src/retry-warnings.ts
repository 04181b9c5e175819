import type { ConsumerLog } from './consumer-log.js';

const TELL_EVERY_MS = 10_000;

export interface RetryWarningsOptions {
  /** Failures that come faster than this are told together; default 10,000. */
  readonly everyMs?: number;
  /** Default: the clock of this process that never goes back. */
  readonly nowMs?: () => number;
}

/**
 * Tells a log of tries that failed and are made again, so that nobody waits in silence: of the first failure at once, of
 * those that come fast behind it together, every ten seconds at most for one kind of work, and once that it works again.
 */
export class RetryWarnings {
  readonly #told = new Map<string, { atMs: number; untold: number; failures: number }>();
  readonly #everyMs: number;
  readonly #nowMs: () => number;

  constructor(
    private readonly log: ConsumerLog,
    private readonly consumer: string,
    { everyMs = TELL_EVERY_MS, nowMs = () => performance.now() }: RetryWarningsOptions = {},
  ) {
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  /** To be called after each failure; `doing` says in words what is tried, and keeps one kind of work from another. */
  of(doing: string): (error: unknown) => void {
    return error => {
      const last = this.#told.get(doing) ?? { atMs: -Infinity, untold: 0, failures: 0 };
      const [untold, failures] = [last.untold + 1, last.failures + 1];
      if (this.#nowMs() - last.atMs < this.#everyMs) {
        this.#told.set(doing, { ...last, untold, failures });
        return;
      }
      this.#told.set(doing, { atMs: this.#nowMs(), untold: 0, failures });
      const fields = { consumer: this.consumer, doing, failures: untold, err: error };
      this.log.warn(fields, `${doing} failed; it is tried again`);
    };
  }

  /** To be called when it has worked, for work whose failures last: says so once, if there were any. */
  over(doing: string): void {
    const last = this.#told.get(doing);
    if (!last) return;
    this.#told.delete(doing);
    this.log.info({ consumer: this.consumer, doing, failures: last.failures }, `${doing} works again`);
  }
}
