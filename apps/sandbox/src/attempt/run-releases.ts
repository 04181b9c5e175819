import type { ConsumerLog } from '@runledger/messaging';
import { LeftBehindError } from '../driver/sandbox-faults.js';
import { runKey } from './attempt-place.js';
import type { ExecutingAttempts } from './executing-attempts.js';
import type { ParkedRuns } from './parked-runs.js';
import type { IdleSandboxes } from './idle-sandboxes.js';
import type { OpenRun, RunHomes } from './run-homes.js';
import type { Runners } from '../runner/runners.js';
import type { RunSandboxes } from './run-sandboxes.js';

export interface RunReleasesParts {
  readonly worker: string;
  readonly homes: RunHomes;
  readonly parked: ParkedRuns;
  readonly sandboxes: RunSandboxes;
  readonly runners?: Runners | undefined;
  readonly executing: ExecutingAttempts;
  readonly idle: IdleSandboxes;
  readonly log: ConsumerLog;
  /** A run that was over goes on: its attempts can begin now. */
  readonly onReopened: () => void;
}

/** Now and then even when nothing of this worker ended: what it had before others took it over may be over. */
const SWEEP_EVERY_MS = 60_000;

/**
 * Releases the sandboxes of this worker's runs that are over (S1). It learns of them from the table, so that it does not matter
 * in which process the end of a run was noted.
 */
export class RunReleases {
  #releasing: Promise<void> | undefined;
  #again = false;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(private readonly parts: RunReleasesParts) {}

  start(): void {
    this.#open = true;
  }

  /** A run may have ended. */
  wake(): void {
    this.#again = true;
    if (this.#open) this.#releasing ??= this.#releaseWhileAsked();
  }

  /** Removes what is left here of runs that are others', or over. */
  async sweep(): Promise<void> {
    const { sandboxes, homes, worker, runners } = this.parts;
    this.#sweptAt = performance.now();
    await sandboxes.sweep(async () => {
      const kept = await homes.kept(worker);
      runners?.sweep(kept); // before their sandboxes go
      return kept;
    });
  }

  async stop(): Promise<void> {
    this.#open = false;
    await this.#releasing;
  }

  async #releaseWhileAsked(): Promise<void> {
    try {
      while (this.#again && this.#open) {
        this.#again = false;
        await this.#releaseEnded();
        await this.#putDownParked();
        await this.parts.idle.putDownDue();
      }
    } catch (error) {
      this.parts.log.error({ error }, 'The sandboxes of ended runs were not released; it is tried again.');
    } finally {
      this.#releasing = undefined;
    }
  }

  async #releaseEnded(): Promise<void> {
    const { homes, worker, onReopened } = this.parts;
    const ended = await homes.ended(worker);
    const open = await Promise.all(ended.map(run => this.#release(run)));
    if (open.includes(false) || performance.now() - this.#sweptAt > SWEEP_EVERY_MS) await this.#sweepAll();
    if (ended.length > 0 && (await homes.reopen(worker, ended))) onReopened();
    await homes.forget(worker, ended);
  }

  /** What cannot be removed of one run holds up no other. */
  async #sweepAll(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      if (!(error instanceof LeftBehindError)) throw error;
      this.parts.log.error({ error }, 'Sandboxes of ended runs were not removed; it is tried again.');
    }
  }

  /** The workspace stays: whichever step comes after the gate takes it up again. */
  async #putDownParked(): Promise<void> {
    const { parked, sandboxes, executing, worker } = this.parts;
    for (const run of await parked.idle(worker)) {
      const { workspaceId, runId } = run;
      if (executing.hasRun(runKey(workspaceId, runId))) continue;
      await sandboxes.putDown(runId);
      await parked.putDown(run, worker);
    }
  }

  /** False when it was not open in this process: then the sweep takes it. */
  async #release({ workspaceId, runId }: OpenRun): Promise<boolean> {
    await this.parts.executing.stop('cancelled', runKey(workspaceId, runId));
    return this.parts.sandboxes.release(runId);
  }
}
