import type { CheckpointLease, Checkpoints, Position } from '@runledger/event-store';
import { isUsedUp, retryDelayMs } from './retry.js';
import type { RetryPolicy } from './retry.js';

export interface CheckpointSaverOptions {
  /** A move is written at most this long after it was noted. */
  readonly everyMs: number;
  readonly retry: RetryPolicy;
  /** Called once, when the checkpoint cannot be written any more: fenced, or failing for as long as the policy allows. */
  onLost(error: unknown): void;
  onRetry(error: unknown): void;
}

/** Writes a consumer's checkpoint behind its progress, many moves in one write. Losing the last one only repeats events (R1). */
export class CheckpointSaver {
  #noted: Position;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failures = 0;
  #closed = false;

  constructor(
    private readonly checkpoints: Checkpoints,
    private lease: CheckpointLease,
    private readonly options: CheckpointSaverOptions,
  ) {
    this.#noted = lease.position;
  }

  note(position: Position): void {
    if (position <= this.#noted) return;
    this.#noted = position;
    this.#schedule(this.options.everyMs);
  }

  /** Writes what was noted and ends; throws when it cannot be written. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    if (this.#failures > 0) await this.#resync();
    if (this.#noted > this.lease.position) await this.#write();
  }

  /** Ends without writing. */
  abandon(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer || this.#writing) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writeOrRetry().finally(() => {
        this.#writing = undefined;
        if (this.#noted > this.lease.position) this.#schedule(this.#nextDelayMs());
      });
    }, delayMs);
  }

  #nextDelayMs(): number {
    return this.#failures === 0 ? this.options.everyMs : retryDelayMs(this.options.retry, this.#failures);
  }

  async #writeOrRetry(): Promise<void> {
    try {
      if (this.#failures > 0) await this.#resync();
      if (this.#noted > this.lease.position) await this.#write();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (isUsedUp(this.options.retry, error, this.#failures)) {
        this.abandon();
        this.options.onLost(error);
        return;
      }
      this.options.onRetry(error);
    }
  }

  /** The write before may have succeeded although its answer was lost; the next one must start from there. */
  async #resync(): Promise<void> {
    const stored = await this.checkpoints.read(this.lease.consumer, this.lease.version);
    if (stored !== undefined && stored > this.lease.position) this.lease = { ...this.lease, position: stored };
  }

  async #write(): Promise<void> {
    this.lease = await this.checkpoints.advance(this.lease, this.#noted);
  }
}
