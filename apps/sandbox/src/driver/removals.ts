import { timeLimited } from '@runledger/event-store';
import { LeftBehindError } from './sandbox-faults.js';

/** A sweep waits no longer for what it removes; nobody can open a sandbox meanwhile. */
const SWEEP_MS = 15_000;
/** Each takes processes of its own. */
const MOST_AT_ONCE = 16;

/**
 * The removal of what runs left behind, each beside the others: a directory of a million files, or a process that cannot die, holds
 * up nobody but its own run (R4).
 */
export class Removals {
  readonly #begun = new Map<string, Promise<void>>();
  /** Failed when they were last tried: nobody waits for them. */
  readonly #stuck = new Set<string>();
  /** Of which no sweep has told yet. */
  readonly #failed = new Map<string, unknown>();

  constructor(
    private readonly remove: (runId: string) => Promise<void>,
    private readonly sweepMs = SWEEP_MS,
  ) {}

  /** Resolves when nothing of the run is being removed. */
  async over(runId: string): Promise<void> {
    await this.#begun.get(runId);
  }

  /**
   * Begins to remove what is left of these runs, and waits a while for those that are tried for the first time. Throws
   * {@link LeftBehindError} with those that failed, by now or since the last sweep.
   */
  async sweep(runs: readonly string[]): Promise<void> {
    const idle = runs.filter(runId => !this.#begun.has(runId));
    for (const runId of idle.filter(each => this.#stuck.has(each))) this.#begin(runId);
    const removed = this.#removeInTurn(idle.filter(runId => !this.#begun.has(runId)));
    await timeLimited(removed, this.sweepMs, () => new Error()).catch(() => undefined); // it goes on, and the next sweep tells
    const failed = new Map(this.#failed);
    this.#failed.clear();
    if (failed.size > 0) throw new LeftBehindError(failed);
  }

  /** None is begun when the time is up: by then its run may be open again. */
  async #removeInTurn(runs: readonly string[]): Promise<void> {
    const end = performance.now() + this.sweepMs;
    for (let at = 0; at < runs.length && performance.now() < end; at += MOST_AT_ONCE) {
      const some = runs.slice(at, at + MOST_AT_ONCE);
      for (const runId of some) this.#begin(runId);
      await Promise.all(some.map(runId => this.over(runId)));
    }
  }

  #begin(runId: string): void {
    const removal = this.remove(runId)
      .then(
        () => void this.#stuck.delete(runId),
        (reason: unknown) => {
          this.#stuck.add(runId);
          this.#failed.set(runId, reason);
        },
      )
      .finally(() => this.#begun.delete(runId));
    this.#begun.set(runId, removal);
  }
}
