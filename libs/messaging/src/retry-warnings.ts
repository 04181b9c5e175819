import type { ConsumerLog } from './consumer-log.js';
import { ToldTogether, type ToldTogetherOptions } from './told-together.js';

/**
 * Tells a log of tries that failed and are made again, so that nobody waits in silence: of the first failure at once, of
 * those that come fast behind it together, every ten seconds at most for one kind of work, and once that it works again.
 */
export class RetryWarnings {
  readonly #failures: ToldTogether;

  constructor(
    private readonly log: ConsumerLog,
    private readonly consumer: string,
    options: ToldTogetherOptions = {},
  ) {
    this.#failures = new ToldTogether(options);
  }

  /** To be called after each failure; `doing` says in words what is tried, and keeps one kind of work from another. */
  of(doing: string): (error: unknown) => void {
    return error => {
      const failures = this.#failures.add(doing);
      if (failures === undefined) return;
      this.log.warn({ consumer: this.consumer, doing, failures, err: error }, `${doing} failed; it is tried again`);
    };
  }

  /** To be called when it has worked, for work whose failures last: says so once, if there were any. */
  over(doing: string): void {
    const failures = this.#failures.forget(doing);
    if (failures > 0) this.log.info({ consumer: this.consumer, doing, failures }, `${doing} works again`);
  }
}
