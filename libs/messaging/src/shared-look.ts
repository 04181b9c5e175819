import { pause } from '@runledger/event-store';

const FIRST_PAUSE_MS = 5;

/**
 * One look, again and again, for all who wait for the same consumer: how far it is costs a query or more, however many ask. Who
 * comes later does not wait out a pause that has grown long. Nobody waits for a look that is under way when he has arrived.
 */
export class SharedLook {
  #waiting = 0;
  #round: { readonly ending: AbortController; hurry: AbortController } | undefined;

  /** `look` never throws; its signal aborts when nobody waits any more. */
  constructor(
    private readonly look: (signal: AbortSignal) => Promise<void>,
    private readonly longestPauseMs: number,
  ) {}

  /** Looks until `arrival` is settled, and answers what it does. */
  async until<T>(arrival: Promise<T>): Promise<T> {
    this.#waiting += 1;
    if (this.#round) this.#round.hurry.abort();
    else void this.#begin();
    try {
      return await arrival;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#end();
    }
  }

  async #begin(): Promise<void> {
    const round = { ending: new AbortController(), hurry: new AbortController() };
    this.#round = round;
    const { signal } = round.ending;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(this.longestPauseMs, pauseMs * 2)) {
      const hurry = round.hurry.signal;
      await pause(pauseMs, AbortSignal.any([signal, hurry]));
      if (signal.aborted) return;
      if (hurry.aborted) {
        round.hurry = new AbortController();
        await pause((pauseMs = FIRST_PAUSE_MS), signal);
      }
      if (signal.aborted) return;
      await this.look(signal);
    }
  }

  #end(): void {
    this.#round?.ending.abort();
    this.#round = undefined;
  }
}
