const CHUNK = 64;

/**
 * A list of fixed length whose versions share what they have in common: replacing one item copies 64 items and the list of
 * chunks, not the thousands of items of a big run. Old versions stay as they were, as replay and caches require.
 */
export class StepTable<T> {
  private constructor(
    private readonly chunks: readonly (readonly T[])[],
    readonly length: number,
  ) {}

  static from<T>(items: readonly T[]): StepTable<T> {
    const count = Math.ceil(items.length / CHUNK);
    return new StepTable(
      Array.from({ length: count }, (_, chunk) => items.slice(chunk * CHUNK, (chunk + 1) * CHUNK)),
      items.length,
    );
  }

  at(index: number): T | undefined {
    return this.chunks[Math.floor(index / CHUNK)]?.[index % CHUNK];
  }

  with(index: number, item: T): StepTable<T> {
    const chunk = Math.floor(index / CHUNK);
    const changed = this.chunks[chunk]?.with(index % CHUNK, item);
    if (!changed) throw new RangeError(`There is no step ${index} in a run of ${this.length} steps.`);
    return new StepTable(this.chunks.with(chunk, changed), this.length);
  }

  /** Positions whose item fits, in order. */
  indexesOf(fits: (item: T) => boolean): number[] {
    return this.chunks.flatMap((items, chunk) =>
      items.flatMap((item, index) => (fits(item) ? [chunk * CHUNK + index] : [])),
    );
  }
}
