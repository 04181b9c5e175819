import type { PartitionLease, PartitionMove, Partitions, Position } from '@runledger/event-store';
import { isFenced } from './fencing.js';
import { isUsedUp, retryDelayMs } from './retry.js';
import type { RetryPolicy } from './retry.js';

/** Partitions in which nothing was done are moved along at most this often. */
const PASSING_MS = 1_000;

export interface CheckpointSaverOptions {
  /** What was done is written at most this long after it was noted. */
  readonly everyMs: number;
  readonly retry: RetryPolicy;
  /** Before each write and after it: notes what was passed by until now. */
  catchUp(): void;
  /** These partitions are another's now (R3). */
  onFenced(partitions: readonly number[]): void;
  /** Called once, when checkpoints could not be written for as long as the policy allows. */
  onLost(error: unknown): void;
  onRetry(error: unknown): void;
}

interface Place {
  lease: PartitionLease;
  noted: Position;
  /** Something was done since the last write, so that a crash would repeat it. */
  worked: boolean;
}

/**
 * Writes the checkpoints of partitions behind their progress, many moves in one statement. Losing the last ones only repeats
 * events (R1).
 */
export class CheckpointSaver {
  readonly #places = new Map<number, Place>();
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #passedAt = performance.now();
  #writing: Promise<void> = Promise.resolve();
  #failures = 0;
  #ended = false;

  constructor(
    private readonly partitions: Pick<Partitions, 'advance' | 'read'>,
    leases: readonly PartitionLease[],
    private readonly options: CheckpointSaverOptions,
  ) {
    for (const lease of leases) this.#places.set(lease.partition, { lease, noted: lease.position, worked: false });
  }

  /** `worked`: an event of this partition was dealt with; otherwise it was only passed by. */
  note(partition: number, position: Position, worked: boolean): void {
    const place = this.#places.get(partition);
    if (!place || position <= place.noted) return;
    place.noted = position;
    place.worked ||= worked;
    if (worked) this.#schedule(this.options.everyMs);
    else this.notePassing();
  }

  /** Something was passed by, which is noted at the next write. One that is due comes soon enough for it. */
  notePassing(): void {
    if (this.#due === Infinity) this.#schedule(PASSING_MS);
  }

  /** Writes what was noted for these partitions and forgets them; throws when it cannot be written. */
  async close(partitions: readonly number[]): Promise<void> {
    const work = this.#writing.then(() => this.#write(partitions));
    this.#writing = work.catch(() => undefined); // who closes hears of it
    try {
      await work;
    } finally {
      this.forget(partitions);
    }
  }

  /** Without writing. */
  forget(partitions: readonly number[]): void {
    for (const partition of partitions) this.#places.delete(partition);
    if (this.#places.size === 0) this.#end();
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    const waitMs = this.#failures === 0 ? delayMs : retryDelayMs(this.options.retry, this.#failures);
    const now = performance.now();
    const due = inStep(now + waitMs, this.options.everyMs, now);
    if (this.#ended || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#writing = this.#writing.then(() => this.#writeOrRetry());
    }, due - now);
  }

  async #writeOrRetry(): Promise<void> {
    try {
      await this.#write(this.#wanted());
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (!isFenced(error) && isUsedUp(this.options.retry, error, this.#failures)) {
        this.#end();
        this.options.onLost(error);
        return;
      }
      this.options.onRetry(error);
    } finally {
      this.#due = Infinity;
      this.options.catchUp();
      if (this.#failures > 0 || this.#anyNoted(true)) this.#schedule(this.options.everyMs);
      else if (this.#anyNoted(false)) this.#schedule(PASSING_MS);
    }
  }

  #anyNoted(worked: boolean): boolean {
    return [...this.#places.values()].some(place => place.noted > place.lease.position && (place.worked || !worked));
  }

  /** In a busy partition often; all of them now and then. */
  #wanted(): number[] {
    const all = performance.now() - this.#passedAt >= PASSING_MS;
    if (all) this.#passedAt = performance.now();
    return [...this.#places].filter(([, { worked }]) => all || worked).map(([partition]) => partition);
  }

  async #write(partitions: readonly number[]): Promise<void> {
    this.options.catchUp();
    if (this.#failures > 0) await this.#resync();
    const moves = this.#moves(partitions);
    if (moves.length === 0) return;
    try {
      this.#moved(await this.partitions.advance(moves));
    } catch (error) {
      if (!isFenced(error)) throw error;
      await this.#resync();
      const still = this.#moves(partitions);
      if (still.length > 0) this.#moved(await this.partitions.advance(still));
    }
  }

  #moves(partitions: readonly number[]): PartitionMove[] {
    const moves: PartitionMove[] = [];
    for (const partition of partitions) {
      const place = this.#places.get(partition);
      if (place && place.noted > place.lease.position) moves.push({ lease: place.lease, position: place.noted });
    }
    return moves;
  }

  #moved(leases: readonly PartitionLease[]): void {
    for (const lease of leases) {
      const place = this.#places.get(lease.partition);
      if (place) Object.assign(place, { lease, worked: place.noted > lease.position && place.worked });
    }
  }

  /**
   * A write may have succeeded although its answer was lost, a server that died may have forgotten the newest ones, which do not
   * wait for the disk, and partitions may have been taken over.
   */
  async #resync(): Promise<void> {
    const [first] = this.#places.values();
    if (!first) return;
    const lost: number[] = [];
    for (const { partition, epoch, position } of await this.partitions.read(
      first.lease.consumer,
      first.lease.version,
    )) {
      const place = this.#places.get(partition);
      if (!place) continue;
      if (epoch !== place.lease.epoch) lost.push(partition);
      else place.lease = { ...place.lease, position };
    }
    if (lost.length === 0) return;
    this.forget(lost);
    this.options.onFenced(lost);
  }
}

/** The last multiple of the interval up to `due`, so that all savers of a process write at the same time; `due` itself when that is past. */
function inStep(due: number, intervalMs: number, now: number): number {
  const step = Math.floor(due / intervalMs) * intervalMs;
  return step > now ? step : due;
}
