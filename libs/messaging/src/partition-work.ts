import { pause } from '@runledger/event-store';
import type { PartitionLease, Position } from '@runledger/event-store';
import type { Seat } from './leases/claimant.js';
import { LowWatermark } from './low-watermark.js';
import type { Taken } from './low-watermark.js';
import type { Tenure } from './reactor.js';

/**
 * What a consumer does in one partition that it has: how far it is, and what is under way. When it is closed, what lies before
 * an event that was begun is still done, so that nothing is done again by who goes on from the low watermark.
 */
export class PartitionWork implements Tenure {
  readonly watermark: LowWatermark;
  readonly #stopping = new AbortController();
  readonly #waiting: (() => void)[] = [];
  readonly #stuck = new Set<string>();
  #begun: Position;
  #open = true;
  #ended = false;
  #taken = 0;

  constructor(
    readonly lease: PartitionLease,
    private readonly seat: Pick<Seat, 'valid' | 'whenValid'>,
  ) {
    this.watermark = new LowWatermark(lease.position);
    this.#begun = lease.position;
  }

  /** Aborts when the partition is closed: nothing waits any more. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get valid(): boolean {
    return this.seat.valid;
  }

  whenValid(): Promise<void> {
    return this.seat.whenValid(this.signal);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get position(): Position {
    return this.watermark.position;
  }

  /** Whether the event may be dealt with now; then it counts as begun. */
  begin(key: string, position: Position): boolean {
    if (this.#ended || this.#stuck.has(key)) return false;
    if (!this.#open) return position <= this.#begun;
    if (position > this.#begun) this.#begun = position;
    return true;
  }

  /** An event of this key was begun and not dealt with: those behind it are not begun. */
  stickTo(key: string): void {
    this.#stuck.add(key);
  }

  /** Takes nothing more. */
  close(): void {
    this.#open = false;
    this.#stopping.abort();
  }

  /** Begins nothing more. */
  end(): void {
    this.close();
    this.#ended = true;
  }

  /** Something was taken up; `putDown` it when it was dealt with or dropped. */
  takeUp(): void {
    this.#taken += 1;
  }

  putDown(): void {
    this.#taken -= 1;
    if (this.#taken === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves with how much is still taken up: 0, or more when that takes longer than `limitMs`. */
  async settled(limitMs: number): Promise<number> {
    if (this.#taken === 0) return 0;
    const over = new AbortController();
    const idle = new Promise<void>(resolve => this.#waiting.push(resolve));
    await Promise.race([idle, pause(limitMs, over.signal)]);
    over.abort();
    this.end();
    return this.#taken;
  }
}

/** Undefined without any. */
export function lowestPosition(works: Iterable<PartitionWork>): Position | undefined {
  let lowest: Position | undefined;
  for (const { position } of works) if (lowest === undefined || position < lowest) lowest = position;
  return lowest;
}

/** The first event in the log that was taken up and is not finished. */
export function oldestPending(works: Iterable<PartitionWork>): Taken | undefined {
  let oldest: Taken | undefined;
  for (const { watermark } of works) {
    const { pending } = watermark;
    if (pending && (!oldest || pending.position < oldest.position)) oldest = pending;
  }
  return oldest;
}

/** Nothing else is wanted up to `scannedTo`, in any of them. */
export function passBy(
  works: Iterable<PartitionWork>,
  scannedTo: Position,
  onPassed: (work: PartitionWork) => void,
): void {
  for (const work of works) {
    if (!work.isOpen || scannedTo <= work.lease.position) continue;
    work.watermark.scannedTo(scannedTo);
    onPassed(work);
  }
}
