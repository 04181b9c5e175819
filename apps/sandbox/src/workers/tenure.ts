import { pause } from '@runledger/event-store';
import type { TenureKey } from './worker-table.js';

const ASK_AGAIN_MS = 250;

/**
 * What a worker has while the others take it for alive. Until the deadline, which is reckoned by this machine's own steady
 * clock from before each heartbeat was sent, nobody can have buried it. After that only the database can tell (R3).
 */
export class Tenure implements TenureKey {
  readonly #lost = new AbortController();
  #deadline: number;

  constructor(
    readonly worker: string,
    readonly id: string,
    deadline: number,
    private readonly beatNow: () => Promise<void>,
  ) {
    this.#deadline = deadline;
  }

  /** Fires when the tenure is over: the runs are others' now. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  extend(deadline: number): void {
    this.#deadline = Math.max(this.#deadline, deadline);
  }

  end(): void {
    this.#lost.abort();
  }

  /**
   * Whether what was this worker's still is. To be asked before something is begun, and before the end of something is
   * believed: a process may have been stopped for minutes between any two lines. While the database cannot tell, waits until
   * `signal` fires, and then answers false.
   */
  async holds(signal: AbortSignal): Promise<boolean> {
    while (!this.lost.aborted) {
      if (performance.now() < this.#deadline) return true;
      await this.beatNow();
      if (performance.now() < this.#deadline) continue;
      if (signal.aborted) return false;
      await pause(ASK_AGAIN_MS, AbortSignal.any([this.lost, signal]));
    }
    return false;
  }
}
