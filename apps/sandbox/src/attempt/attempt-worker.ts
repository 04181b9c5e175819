import type { ConsumerLog } from '@runledger/messaging';
import type { AttemptHost } from './attempt-execution.js';
import { executeAttempt } from './attempt-execution.js';
import { runKey } from './attempt-place.js';
import type { Worker } from './claim.reactor.js';
import type { OpenAttempt, OpenWork } from './open-work.js';
import { StopSwitch } from './stop-switch.js';

export interface WorkerLimits {
  /** Attempts that execute at a time; default 8. */
  readonly maxAttempts: number;
  /** How often the table is looked at even when nobody said that it changed; default 5,000 ms. */
  readonly lookEveryMs: number;
}

export const DEFAULT_WORKER_LIMITS: WorkerLimits = { maxAttempts: 8, lookEveryMs: 5_000 };

interface Executing {
  readonly run: string;
  readonly stop: StopSwitch;
  readonly done: Promise<void>;
}

const ANSWERED_AT_ONCE = 64;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Executes this worker's attempts, a bounded number at a time, oldest first. What there is to do stands in the table of open
 * work; this class only remembers what runs in this process. Work that failed on a fault of the platform waits a little longer
 * each time before it is taken up again.
 */
export class AttemptWorker implements Worker {
  readonly #executing = new Map<string, Executing>();
  readonly #settled = new Set<string>();
  readonly #pauses = new Map<string, { readonly until: number; readonly lengthMs: number }>();
  readonly #releases = new Set<Promise<void>>();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #ready = false;
  #stopping = false;

  constructor(
    private readonly host: AttemptHost,
    private readonly work: OpenWork,
    private readonly log: ConsumerLog,
    private readonly limits: WorkerLimits = DEFAULT_WORKER_LIMITS,
  ) {}

  /** Removes what earlier processes left, then takes up this worker's own attempts and whatever is ready (R2). */
  async start(): Promise<void> {
    await this.host.sandboxes.sweep(() => this.work.openRuns());
    this.#timer = setInterval(() => this.wake(), this.limits.lookEveryMs);
    this.#ready = true;
    this.wake();
  }

  wake(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
    });
  }

  runEnded(workspaceId: string, runId: string): void {
    if (!this.#ready) return;
    const release = this.#release(runKey(workspaceId, runId), runId).catch((error: unknown) => {
      this.log.error({ runId, error }, 'The sandbox of an ended run was not released; the next start does it.');
    });
    this.#releases.add(release);
    void release.finally(() => this.#releases.delete(release));
  }

  /** Kills what executes and leaves it to be resumed. Resolves when no tree of this process is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#looking;
    for (const { stop } of this.#executing.values()) stop.stop('shutdown', true);
    await Promise.all([...this.#executing.values()].map(({ done }) => done));
    await Promise.all(this.#releases);
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && this.#ready && !this.#stopping) {
      this.#lookAgain = false;
      try {
        await this.#look();
      } catch (error) {
        this.log.error({ error }, 'The open work could not be read; it is tried again.');
      }
    }
  }

  async #look(): Promise<void> {
    const [toCancel, own] = [await this.work.toCancel(ANSWERED_AT_ONCE), await this.work.claimedBy(this.host.worker)];
    for (const attempt of toCancel) this.#cancel(attempt);
    for (const attempt of own) if (this.#mayStart(attempt)) this.#start(attempt, new StopSwitch());
    const waiting = await this.work.unclaimed(this.limits.maxAttempts + this.#executing.size + this.#settled.size);
    for (const attempt of waiting) if (this.#mayStart(attempt)) this.#start(attempt, new StopSwitch());
    this.#forgetSettled([...toCancel, ...own, ...waiting]);
  }

  #cancel(attempt: OpenAttempt): void {
    const executing = this.#executing.get(keyOf(attempt));
    if (executing) return executing.stop.stop('cancelled', attempt.cancel === 'FORCE');
    const foreign = attempt.worker !== undefined && attempt.worker !== this.host.worker;
    if (foreign || !this.#isFree(attempt)) return;
    const stop = new StopSwitch();
    stop.stop('cancelled', true);
    this.#start(attempt, stop);
  }

  #mayStart(attempt: OpenAttempt): boolean {
    return this.#executing.size < this.limits.maxAttempts && this.#isFree(attempt);
  }

  #isFree(attempt: OpenAttempt): boolean {
    const key = keyOf(attempt);
    const pausedUntil = this.#pauses.get(key)?.until ?? 0;
    return !this.#stopping && !this.#executing.has(key) && !this.#settled.has(key) && pausedUntil <= Date.now();
  }

  #start(attempt: OpenAttempt, stop: StopSwitch): void {
    const key = keyOf(attempt);
    const done = executeAttempt(this.host, attempt, stop).then(
      () => this.#settle(key, stop),
      (error: unknown) => this.#pause(key, error),
    );
    this.#executing.set(key, { run: runKey(attempt.workspaceId, attempt.place.runId), stop, done });
  }

  #settle(key: string, stop: StopSwitch): void {
    this.#executing.delete(key);
    this.#pauses.delete(key);
    if (stop.cause !== 'shutdown') this.#settled.add(key);
    this.wake();
  }

  #pause(key: string, error: unknown): void {
    this.#executing.delete(key);
    const lengthMs = Math.min(LONGEST_PAUSE_MS, (this.#pauses.get(key)?.lengthMs ?? FIRST_PAUSE_MS / 2) * 2);
    this.#pauses.set(key, { until: Date.now() + lengthMs, lengthMs });
    this.log.error(
      { attempt: key, error, retryInMs: lengthMs },
      'An attempt stopped on a fault; it is taken up again.',
    );
    this.wake();
  }

  /** A row goes away when the reactor has seen the end of its attempt; only until then must it be known as done. */
  #forgetSettled(rows: readonly OpenAttempt[]): void {
    const present = new Set(rows.map(keyOf));
    for (const key of this.#settled) if (!present.has(key)) this.#settled.delete(key);
  }

  async #release(run: string, runId: string): Promise<void> {
    const own = [...this.#executing.values()].filter(executing => executing.run === run);
    for (const { stop } of own) stop.stop('cancelled', true);
    await Promise.all(own.map(({ done }) => done));
    if (this.#stopping) return;
    const released = await this.host.sandboxes.release(runId);
    if (!released) await this.host.sandboxes.sweep(() => this.work.openRuns());
  }
}

function keyOf(attempt: OpenAttempt): string {
  return runKey(attempt.workspaceId, attempt.place.attemptId);
}
