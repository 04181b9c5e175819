const LIMITS = {
  /** So many of the newest events are known exactly, at about 100 bytes each. */
  recent: 20_000,
  /** Ids that share one filter of 2²¹ bits; then four in 100,000 foreign ids look like one of them. */
  perFilter: 100_000,
};
const FILTER_BITS = 1 << 21;
const PROBES = 8;

/**
 * Which events a folded stream holds, at least the first one of each command, in bounded memory: the newest with their
 * revisions, older ones as bits that can say "certainly not" or "perhaps". So the state of a stream of any length can be kept,
 * and a repeated command is still recognised (R1): on a "perhaps" the stream itself is asked.
 */
export class KnownEvents {
  /** Most streams never have more than one: then nothing else is made. */
  #only: { readonly id: string; readonly revision: number } | undefined;
  #recent: Map<string, number> | undefined;
  #older: IdFilter[] | undefined;

  constructor(private readonly limits: typeof LIMITS = LIMITS) {}

  /** Events must be added in the order of the stream. */
  add(id: string, revision: number): void {
    if (!this.#recent && !this.#only) {
      this.#only = { id, revision };
      return;
    }
    const recent = (this.#recent ??= new Map(this.#only && [[this.#only.id, this.#only.revision]]));
    this.#only = undefined;
    recent.set(id, revision);
    if (recent.size <= this.limits.recent) return;
    const [oldest] = recent.keys();
    if (oldest === undefined) return;
    recent.delete(oldest);
    this.#remember(oldest);
  }

  /** The revision of an event; `perhaps` when only the stream can tell. */
  find(id: string): number | 'perhaps' | undefined {
    if (!this.#recent) return this.#only?.id === id ? this.#only.revision : undefined;
    const revision = this.#recent.get(id);
    if (revision !== undefined) return revision;
    return this.#older?.some(filter => filter.mayHold(id)) ? 'perhaps' : undefined;
  }

  /** In the room that one recent event takes. */
  get size(): number {
    return (this.#recent?.size ?? 1) + ((this.#older?.length ?? 0) * FILTER_BITS) / 8 / 100;
  }

  #remember(id: string): void {
    const older = (this.#older ??= []);
    let filter = older.at(-1);
    if (!filter || filter.count === this.limits.perFilter) {
      filter = new IdFilter();
      older.push(filter);
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
