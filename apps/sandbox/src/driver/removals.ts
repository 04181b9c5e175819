import { LeftBehindError } from './sandbox-faults.js';
import { within } from './within.js';

/** A sweep waits no longer for what it removes; nobody can open a sandbox meanwhile. */
const SWEEP_MS = 15_000;

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
    const awaited = runs.filter(runId => !this.#begun.has(runId) && !this.#stuck.has(runId));
    for (const runId of runs) if (!this.#begun.has(runId)) this.#begin(runId);
    const gone = Promise.all(awaited.map(runId => this.over(runId)));
    await within(this.sweepMs, gone, () => new Error()).catch(() => undefined); // it goes on, and the next sweep tells
    const failed = new Map(this.#failed);
    this.#failed.clear();
    if (failed.size > 0) throw new LeftBehindError(failed);
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
