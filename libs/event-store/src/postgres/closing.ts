/**
 * Tells all who follow a store that it is closed. They are thousands and come and go: a signal of each that depends on one of the store
 * (`AbortSignal.any`) would be kept in a list of weak references that the collector goes through again and again.
 */
export class Closing {
  readonly #controller = new AbortController();
  readonly #ends = new Set<() => void>();

  /** For what waits, and is seldom. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `end` is called once, when the store is closed. Returns what takes it back. */
  whenClosed(end: () => void): () => void {
    if (this.signal.aborted) end();
    else this.#ends.add(end);
    return () => void this.#ends.delete(end);
  }

  close(): void {
    this.#controller.abort();
    for (const end of this.#ends) end();
  }
}
