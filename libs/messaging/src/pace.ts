/**
 * Lets a consumer that keeps up rest between two batches, and take together what came meanwhile: a batch costs its transaction,
 * however few events are in it. After a rest the next event is taken as soon as it comes, and whoever waits for the consumer
 * does not wait for its rest.
 */
export class Pace {
  readonly #resting = new Set<() => void>();
  #hurries = 0;

  constructor(private readonly restMs: number) {}

  /** Resolves when the next batch may be taken, or the signal aborts. */
  async rest(signal: AbortSignal): Promise<void> {
    if (this.restMs === 0 || this.#hurries > 0 || signal.aborted) return;
    await new Promise<void>(resolve => {
      const goOn = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', goOn);
        this.#resting.delete(goOn);
        resolve();
      };
      const timer = setTimeout(goOn, this.restMs);
      signal.addEventListener('abort', goOn);
      this.#resting.add(goOn);
    });
  }

  /** No rest, from this call on, until `wanted` is settled; answers what it does. */
  async hurried<T>(wanted: Promise<T>): Promise<T> {
    this.#hurries += 1;
    for (const goOn of this.#resting) goOn();
    try {
      return await wanted;
    } finally {
      this.#hurries -= 1;
    }
  }
}
