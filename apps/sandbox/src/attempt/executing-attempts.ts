import type { Tenure } from '../workers/tenure.js';
import type { AttemptHost, ExecutionEnd } from './attempt-execution.js';
import { executeAttempt } from './attempt-execution.js';
import { runKey } from './attempt-place.js';
import type { OpenAttempt } from './open-work.js';
import type { Setbacks } from './setbacks.js';
import { StopSwitch } from './stop-switch.js';
import type { StopCause } from './stop-switch.js';

interface Executing {
  readonly run: string;
  readonly attemptId: string;
  readonly stop: StopSwitch;
  readonly done: Promise<void>;
}

export interface ExecutionListener {
  /** It is not executed here any more; `settled`: its end is on the log. */
  onEnd(attempt: OpenAttempt, end: ExecutionEnd): void;
  onFault(attempt: OpenAttempt, error: unknown): void;
}

/** The attempts that execute in this process, by name. */
export class ExecutingAttempts {
  readonly #executing = new Map<string, Executing>();

  constructor(
    private readonly host: AttemptHost,
    private readonly setbacks: Setbacks,
    private readonly listener: ExecutionListener,
  ) {}

  get count(): number {
    return this.#executing.size;
  }

  has(attempt: OpenAttempt): boolean {
    return this.#executing.has(attemptKey(attempt));
  }

  hasRun(run: string): boolean {
    return [...this.#executing.values()].some(executing => executing.run === run);
  }

  start(attempt: OpenAttempt, tenure: Tenure, stop = new StopSwitch()): void {
    const key = attemptKey(attempt);
    const done = executeAttempt(this.host, attempt, { stop, tenure, giveUp: this.setbacks.verdict(key) }).then(
      end => {
        this.#executing.delete(key);
        this.listener.onEnd(attempt, end);
      },
      (error: unknown) => {
        this.#executing.delete(key);
        this.listener.onFault(attempt, error);
      },
    );
    const { workspaceId, place } = attempt;
    const { attemptId } = place;
    this.#executing.set(key, { run: runKey(workspaceId, place.runId), attemptId, stop, done });
  }

  /** Agents of these attempts leave after their current tool call. */
  pause(attemptIds: ReadonlySet<string>): void {
    if (attemptIds.size === 0) return;
    for (const { attemptId, stop } of this.#executing.values()) if (attemptIds.has(attemptId)) stop.pause();
  }

  /** False when it does not execute here. */
  cancel(attempt: OpenAttempt): boolean {
    const executing = this.#executing.get(attemptKey(attempt));
    executing?.stop.stop('cancelled', attempt.cancel === 'FORCE');
    return executing !== undefined;
  }

  /** Kills those of one run, or all. Resolves when nothing of them is under way. */
  async stop(cause: StopCause, run?: string): Promise<void> {
    const chosen = [...this.#executing.values()].filter(executing => run === undefined || executing.run === run);
    for (const { stop } of chosen) stop.stop(cause, true);
    await Promise.all(chosen.map(({ done }) => done));
  }
}

export function attemptKey(attempt: OpenAttempt): string {
  return runKey(attempt.workspaceId, attempt.place.attemptId);
}
