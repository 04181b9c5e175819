import { TransientMap } from '@runledger/kernel';

export interface LaneLimits {
  /** Added and not done, at most. */
  readonly items: number;
  /** With something to do, at most. */
  readonly partitions: number;
  /** Asked for each item but the only one; when it says no, again when one is done. */
  readonly hasRoom: (() => boolean) | undefined;
}

/**
 * Work in order within a partition and side by side across partitions, with an upper bound on both. `work` reports its
 * own failures: a rejection would be a defect and is handed to `onDefect`.
 */
export class PartitionLanes<Item> {
  readonly #lanes = new TransientMap<string, Item[]>();
  #pending = 0;
  #wake: (() => void)[] = [];
  #closed = false;

  constructor(
    private readonly work: (item: Item) => Promise<void>,
    private readonly limits: LaneLimits,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /** Items that were added and are not done. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Answers whether the item has got its place, which only a closed one refuses; a promise of that when there is no room at
   * the moment. Call it for one item after the other.
   */
  add(partition: string, item: Item): boolean | Promise<boolean> {
    if (!this.#closed && !this.#hasRoom(partition)) return this.#addLater(partition, item);
    if (this.#closed) return false;
    this.#pending += 1;
    const lane = this.#lanes.get(partition);
    if (lane) {
      lane.push(item);
      return true;
    }
    const fresh = [item];
    this.#lanes.set(partition, fresh);
    this.#drain(partition, fresh).catch(this.onDefect);
    return true;
  }

  async #addLater(partition: string, item: Item): Promise<boolean> {
    while (!this.#closed && !this.#hasRoom(partition)) await this.#change();
    return this.add(partition, item);
  }

  /** Takes no further item; those that were taken go on. */
  close(): void {
    this.#closed = true;
    this.#signal();
  }

  /** Resolves when nothing is pending. */
  async idle(): Promise<void> {
    while (this.#pending > 0) await this.#change();
  }

  async #drain(partition: string, lane: Item[]): Promise<void> {
    for (let next = 0; next < lane.length; next += 1) {
      const item = lane[next] as Item;
      try {
        await this.work(item);
      } finally {
        this.#pending -= 1;
        if (next === lane.length - 1) this.#lanes.delete(partition);
        this.#signal();
      }
    }
  }

  #hasRoom(partition: string): boolean {
    if (this.#pending >= this.limits.items) return false;
    if (this.#pending > 0 && this.limits.hasRoom?.() === false) return false;
    return this.#lanes.has(partition) || this.#lanes.size < this.limits.partitions;
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve));
  }

  #signal(): void {
    const waiting = this.#wake;
    if (waiting.length === 0) return;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }
}
