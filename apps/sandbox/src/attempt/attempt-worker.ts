import type { ConsumerLog } from '@runledger/messaging';
import type { AttemptHost } from './attempt-execution.js';
import { executeAttempt } from './attempt-execution.js';
import { runKey } from './attempt-place.js';
import type { Worker } from './claim.reactor.js';
import type { OpenAttempt, OpenWork } from './open-work.js';
import { Setbacks } from './setbacks.js';
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

/**
 * Executes this worker's attempts, a bounded number at a time, oldest first. What there is to do stands in the table of open
 * work; this class only remembers what runs in this process.
 */
export class AttemptWorker implements Worker {
  readonly #executing = new Map<string, Executing>();
  readonly #settled = new Set<string>();
  readonly #setbacks = new Setbacks();
  /** Attempts of workers that are gone: whoever has the reactor now is alone, and their appends are fenced off (R3). */
  readonly #inherited = new Set<string>();
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

  /** Removes what earlier processes left, then goes on with the attempts that they began, and with whatever is ready (R2). */
  async start(): Promise<void> {
    await this.host.sandboxes.sweep(() => this.work.openRuns());
    for (const attempt of await this.work.begun()) this.#inherited.add(keyOf(attempt));
    this.#timer = setInterval(() => this.wake(), this.limits.lookEveryMs);
    this.#ready = true;
    this.wake();
  }

  wake(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && this.#ready && !this.#stopping) this.wake();
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
    await this.host.sandboxes.close();
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
    const known = this.#executing.size + this.#settled.size;
    const [toCancel, begun, waiting] = await Promise.all([
      this.work.toCancel(ANSWERED_AT_ONCE + known),
      this.work.begun(),
      this.work.unclaimed(this.limits.maxAttempts + known),
    ]);
    for (const attempt of toCancel) this.#cancel(attempt);
    for (const attempt of begun) if (this.#isOurs(attempt) && this.#mayStart(attempt)) this.#start(attempt);
    for (const attempt of waiting) if (this.#mayStart(attempt)) this.#start(attempt);
    this.#forgetSettled([...toCancel, ...begun, ...waiting]);
  }

  #cancel(attempt: OpenAttempt): void {
    const executing = this.#executing.get(keyOf(attempt));
    if (executing) return executing.stop.stop('cancelled', attempt.cancel === 'FORCE');
    if (!this.#isOurs(attempt) || !this.#isFree(attempt)) return;
    const stop = new StopSwitch();
    stop.stop('cancelled', true);
    this.#start(attempt, stop);
  }

  #isOurs(attempt: OpenAttempt): boolean {
    const { worker } = attempt;
    return worker === undefined || worker === this.host.worker || this.#inherited.has(keyOf(attempt));
  }

  #mayStart(attempt: OpenAttempt): boolean {
    return this.#executing.size < this.limits.maxAttempts && this.#isFree(attempt);
  }

  #isFree(attempt: OpenAttempt): boolean {
    const key = keyOf(attempt);
    if (this.#stopping || this.#executing.has(key) || this.#settled.has(key)) return false;
    return !this.#setbacks.rests(key, Date.now());
  }

  #start(attempt: OpenAttempt, stop = new StopSwitch()): void {
    const key = keyOf(attempt);
    const done = executeAttempt(this.host, attempt, { stop, giveUp: this.#setbacks.verdict(key) }).then(
      () => this.#settle(key, stop),
      (error: unknown) => this.#pause(key, error),
    );
    this.#executing.set(key, { run: runKey(attempt.workspaceId, attempt.place.runId), stop, done });
  }

  #settle(key: string, stop: StopSwitch): void {
    this.#executing.delete(key);
    this.#setbacks.forget(key);
    this.#inherited.delete(key);
    if (stop.cause !== 'shutdown') this.#settled.add(key);
    this.wake();
  }

  #pause(key: string, error: unknown): void {
    this.#executing.delete(key);
    const retryInMs = this.#setbacks.add(key, error, Date.now());
    this.log.error({ attempt: key, error, retryInMs }, 'An attempt stopped on a fault; it is taken up again.');
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
