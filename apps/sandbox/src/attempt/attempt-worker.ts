import type { ConsumerLog } from '@runledger/messaging';
import type { Tenure } from '../workers/tenure.js';
import type { TenureKey } from '../workers/worker-table.js';
import { OwnershipLostError } from './attempt-errors.js';
import type { AttemptHost, ExecutionEnd } from './attempt-execution.js';
import { attemptKey, ExecutingAttempts } from './executing-attempts.js';
import type { OpenAttempt, OpenWork } from './open-work.js';
import type { HeldRuns } from './held-runs.js';
import { DEFAULT_HOLDS, IdleSandboxes } from './idle-sandboxes.js';
import type { Holds } from './idle-sandboxes.js';
import type { RunHomes } from './run-homes.js';
import { Setbacks } from './setbacks.js';
import { StopSwitch } from './stop-switch.js';

export interface WorkerLimits {
  /** Attempts that execute at a time; default 8. */
  readonly maxAttempts: number;
  /** How often the tables are looked at even when nobody said that they changed; default 1,000 ms. */
  readonly lookEveryMs: number;
  /** How long sandboxes stay alive in which nothing works; default 10 min where somebody watches, else 2 s. */
  readonly holds: Holds;
}

export const DEFAULT_WORKER_LIMITS: WorkerLimits = {
  maxAttempts: 8,
  lookEveryMs: 1_000,
  holds: DEFAULT_HOLDS,
};

export interface WorkTables {
  readonly work: OpenWork;
  readonly homes: RunHomes;
  readonly held: HeldRuns;
}

/** A ready step is being noted, and its run may come here. */
export interface Offer {
  /** With room for one run more, which is kept free until it is settled; undefined when there is none here. */
  readonly host: TenureKey | undefined;
  /** Begins the attempt when there is room: it is new, and its run has its home here. */
  settle(attempt: OpenAttempt | undefined): void;
}

const ANSWERED_AT_ONCE = 64;

/**
 * Executes the attempts of the runs that have their home here, a bounded number at a time, oldest first, and takes in homeless
 * runs while it has room. What there is to do stands in the tables; this class only remembers what runs in this process.
 */
export class AttemptWorker {
  readonly executing: ExecutingAttempts;
  readonly idle: IdleSandboxes;
  readonly #settled = new Set<string>();
  readonly #setbacks = new Setbacks();
  #tenure: Tenure | undefined;
  /** Room for runs that may come. */
  #offered = 0;
  /** Room for runs that came, until a look has started them: a run that waits here for room waits while others have some. */
  #arrived = 0;
  #takingIn = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #ready = false;

  constructor(
    private readonly host: AttemptHost,
    private readonly tables: WorkTables,
    private readonly log: ConsumerLog,
    private readonly limits: WorkerLimits = DEFAULT_WORKER_LIMITS,
  ) {
    this.executing = new ExecutingAttempts(host, this.#setbacks, {
      onEnd: (attempt, end) => this.#ended(attempt, end),
      onFault: (attempt, error) => this.#pause(attempt, error),
    });
    const { sandboxes } = host;
    this.idle = new IdleSandboxes({ sandboxes, executing: this.executing, holds: limits.holds, log });
  }

  /** From now on it looks for work: attempts that it, or others, began (R2), and whatever is ready. */
  start(): void {
    this.#timer = setInterval(() => this.wake(), this.limits.lookEveryMs);
    this.#ready = true;
    this.wake();
  }

  /** The tables say in this tenure what is to be done. */
  joined(tenure: Tenure): void {
    this.#tenure = tenure;
    this.wake();
  }

  /** Its runs are others' now: kills what executes and lets go of it. */
  async lost(): Promise<void> {
    this.#tenure = undefined;
    await this.executing.stop('lost');
    await this.host.sandboxes.leave();
  }

  /** Kills what executes and leaves it to be resumed. Resolves when no tree of this process is left. */
  async stop(): Promise<void> {
    this.#ready = false;
    clearInterval(this.#timer);
    await this.#looking;
    await this.executing.stop('shutdown');
  }

  /** So that neither a new run has to look for a home, nor its worker for the step. */
  offer(): Offer {
    const tenure = this.#tenure;
    const host = this.#ready && this.#room() > 0 ? tenure : undefined;
    if (host) this.#offered += 1;
    return {
      host,
      settle: attempt => {
        if (host) this.#offered -= 1;
        if (!attempt) return;
        if (tenure && tenure === this.#tenure && this.#mayStart(attempt)) this.executing.start(attempt, tenure);
        else this.wake();
      },
    };
  }

  /** There may be something to start or to stop. */
  wake(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && this.#mayLook()) this.wake();
    });
  }

  #mayLook(): boolean {
    return this.#ready && this.#tenure !== undefined;
  }

  #room(): number {
    return this.limits.maxAttempts - this.executing.count - this.#offered - this.#arrived;
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && this.#ready && this.#tenure) {
      this.#lookAgain = false;
      try {
        await this.#look(this.#tenure);
      } catch (error) {
        this.log.error({ error }, 'The open work could not be read; it is tried again.');
      }
    }
  }

  async #look(tenure: Tenure): Promise<void> {
    const { work, held } = this.tables;
    const known = this.executing.count + this.#settled.size;
    const arrived = this.#arrived;
    const [toCancel, toDo, toPause] = await Promise.all([
      work.toCancel(tenure, ANSWERED_AT_ONCE + known),
      work.toDo(tenure, this.limits.maxAttempts + known),
      held.toPause(tenure),
    ]);
    this.#arrived -= arrived;
    if (tenure !== this.#tenure) return;
    this.executing.pause(toPause);
    for (const attempt of toCancel) this.#cancel(attempt, tenure);
    for (const attempt of toDo) {
      if (this.#mayStart(attempt)) this.executing.start(attempt, tenure);
    }
    this.#forgetSettled([...toCancel, ...toDo]);
    if (!this.#takingIn) void this.#takeIn(tenure);
  }

  /** Beside the looking: a step that is ready for this worker does not wait for it. */
  async #takeIn(tenure: Tenure): Promise<void> {
    this.#takingIn = true;
    try {
      const taken = await this.tables.homes.takeIn(tenure, this.#room());
      if (taken === 0) return;
      this.#arrived += taken;
      this.wake();
    } catch (error) {
      this.log.error({ error }, 'Runs without a home could not be taken in; it is tried again.');
    } finally {
      this.#takingIn = false;
    }
  }

  #cancel(attempt: OpenAttempt, tenure: Tenure): void {
    if (this.executing.cancel(attempt) || !this.#isFree(attempt)) return;
    const stop = new StopSwitch();
    stop.stop('cancelled', true);
    this.executing.start(attempt, tenure, stop);
  }

  #mayStart(attempt: OpenAttempt): boolean {
    return this.executing.count < this.limits.maxAttempts && this.#isFree(attempt);
  }

  #isFree(attempt: OpenAttempt): boolean {
    const key = attemptKey(attempt);
    if (!this.#ready || this.executing.has(attempt) || this.#settled.has(key)) return false;
    return !this.#setbacks.rests(key, performance.now());
  }

  #ended(attempt: OpenAttempt, end: ExecutionEnd): void {
    this.#setbacks.forget(attemptKey(attempt));
    this.idle.left(attempt);
    if (end === 'ended' || end === 'over') this.#settled.add(attemptKey(attempt));
    if (end === 'over') void this.#remove(attempt);
    this.wake();
  }

  /** The reactor may have noted a ready step again, after its end. */
  async #remove({ workspaceId, place }: OpenAttempt): Promise<void> {
    try {
      await this.tables.work.attemptEnded(workspaceId, place.attemptId);
    } catch (error) {
      this.log.error({ attempt: place.attemptId, error }, 'An attempt that is over is still on the list of open work.');
    }
  }

  #pause(attempt: OpenAttempt, error: unknown): void {
    this.idle.left(attempt);
    const key = attemptKey(attempt);
    const retryInMs = this.#setbacks.add(key, error, performance.now());
    if (error instanceof OwnershipLostError) this.log.warn({ attempt: key }, error.message);
    else this.log.error({ attempt: key, error, retryInMs }, 'An attempt stopped on a fault; it is taken up again.');
    this.wake();
  }

  /** A row goes away when the reactor has seen the end of its attempt; only until then must it be known as done. */
  #forgetSettled(rows: readonly OpenAttempt[]): void {
    const present = new Set(rows.map(attemptKey));
    for (const key of this.#settled) if (!present.has(key)) this.#settled.delete(key);
  }
}
