/** Checking a value would take longer than whoever else waits for this process should wait. */
export class TooMuchToCheckError extends Error {
  constructor() {
    super('The value is too much for its schema to be checked in time.');
    this.name = 'TooMuchToCheckError';
  }
}

/**
 * What one check may still cost. Counted and not timed, so that the same value gets the same answer on a machine that is busy; a
 * look takes some tens of nanoseconds.
 */
export class Looks {
  #left = 0;

  reset(looks: number): void {
    this.#left = looks;
  }

  /** Throws {@link TooMuchToCheckError}. */
  spend(looks: number): void {
    this.#left -= looks;
    if (this.#left < 0) throw new TooMuchToCheckError();
  }
}
