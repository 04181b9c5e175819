import { pause } from '@runledger/event-store';
import type { PartitionLease, Position } from '@runledger/event-store';
import { LowWatermark } from './low-watermark.js';

/** What a consumer does in one partition that it has: how far it is, and what is under way. */
export class PartitionWork {
  readonly watermark: LowWatermark;
  readonly #stopping = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(readonly lease: PartitionLease) {
    this.watermark = new LowWatermark(lease.position);
  }

  /** Aborts when nothing more may begin here. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get isOpen(): boolean {
    return !this.#stopping.signal.aborted;
  }

  get position(): Position {
    return this.watermark.position;
  }

  close(): void {
    this.#stopping.abort();
  }

  async during(work: () => Promise<void>): Promise<void> {
    this.#underWay += 1;
    try {
      await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Resolves with how much is still under way: 0, or more when that takes longer than `limitMs`. */
  async settled(limitMs: number): Promise<number> {
    if (this.#underWay === 0) return 0;
    const over = new AbortController();
    const idle = new Promise<void>(resolve => this.#waiting.push(resolve));
    await Promise.race([idle, pause(limitMs, over.signal)]);
    over.abort();
    return this.#underWay;
  }
}
