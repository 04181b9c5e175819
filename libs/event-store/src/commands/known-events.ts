const LIMITS = {
  /** So many of the newest events are known exactly, at about 100 bytes each. */
  recent: 20_000,
  /** Ids that share one filter of 2²¹ bits; then four in 100,000 foreign ids look like one of them. */
  perFilter: 100_000,
};
const FILTER_BITS = 1 << 21;
const PROBES = 8;

/**
 * Which events a folded stream holds, in bounded memory: the newest with their revisions, older ones as bits that can say
 * "certainly not" or "perhaps". So the state of a stream of any length can be kept, and a repeated command is still
 * recognised (R1): on a "perhaps" the stream itself is asked.
 */
export class KnownEvents {
  readonly #recent = new Map<string, number>();
  readonly #older: IdFilter[] = [];

  constructor(private readonly limits: typeof LIMITS = LIMITS) {}

  /** Events must be added in the order of the stream. */
  add(id: string, revision: number): void {
    this.#recent.set(id, revision);
    if (this.#recent.size <= this.limits.recent) return;
    const [oldest] = this.#recent.keys();
    if (oldest === undefined) return;
    this.#recent.delete(oldest);
    this.#remember(oldest);
  }

  /** The revision of an event; `perhaps` when only the stream can tell. */
  find(id: string): number | 'perhaps' | undefined {
    const revision = this.#recent.get(id);
    if (revision !== undefined) return revision;
    return this.#older.some(filter => filter.mayHold(id)) ? 'perhaps' : undefined;
  }

  /** In the room that one recent event takes. */
  get size(): number {
    return this.#recent.size + (this.#older.length * FILTER_BITS) / 8 / 100;
  }

  #remember(id: string): void {
    let filter = this.#older.at(-1);
    if (!filter || filter.count === this.limits.perFilter) {
      filter = new IdFilter();
      this.#older.push(filter);
    }
    filter.add(id);
  }
}

/** A Bloom filter over UUIDs. */
class IdFilter {
  count = 0;
  readonly #bits = new Uint32Array(FILTER_BITS / 32);

  add(id: string): void {
    this.count += 1;
    for (const bit of bitsOf(id)) this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  mayHold(id: string): boolean {
    return bitsOf(id).every(bit => ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

/** From the digits that are random in every version of a UUID: those of the last two groups, but for the variant. */
function bitsOf(id: string): number[] {
  const first = parseInt(id.slice(-8), 16);
  const step = parseInt(id.slice(-16, -13) + id.slice(-12, -8), 16) | 1;
  return Array.from({ length: PROBES }, (_, probe) => (first + probe * step) % FILTER_BITS);
}
