import type { ConsumerLog } from '@runledger/messaging';
import { runKey } from './attempt-place.js';
import type { ExecutingAttempts } from './executing-attempts.js';
import type { OpenAttempt } from './open-work.js';
import type { RunSandboxes } from './run-sandboxes.js';

/** How long a sandbox stays alive in which nothing works, in ms. */
export interface Holds {
  /** Somebody may be looking at the run, and its container takes a while to start. */
  readonly containerMs: number;
  /** Everything else: what has no container holds only files when nothing works in it, and is open again in no time. */
  readonly briefMs: number;
}

export const DEFAULT_HOLDS: Holds = { containerMs: 600_000, briefMs: 2_000 };

interface IdleSandbox {
  readonly runId: string;
  readonly sinceMs: number;
  /** Nobody looks at the run. */
  readonly isBackground: boolean;
}

export interface IdleSandboxesParts {
  readonly sandboxes: Pick<RunSandboxes, 'has' | 'startsSlowly' | 'putDown'>;
  readonly executing: Pick<ExecutingAttempts, 'hasRun'>;
  readonly holds: Holds;
  readonly log: ConsumerLog;
}

/**
 * Puts down the sandboxes of runs of which nothing executes: whatever they wait for, people, a time or something outside, they
 * hold no process of this machine meanwhile. Their files stay where they are, and the next attempt takes them up again (R2).
 * Known in this process only: after a restart no sandbox is open.
 */
export class IdleSandboxes {
  readonly #idle = new Map<string, IdleSandbox>();

  constructor(private readonly parts: IdleSandboxesParts) {}

  /** An attempt of the run has left its sandbox, at its end or to wait. */
  left({ workspaceId, place, ready }: OpenAttempt): void {
    const idle = { runId: place.runId, sinceMs: performance.now(), isBackground: ready.execution === 'BACKGROUND' };
    this.#idle.set(runKey(workspaceId, place.runId), idle);
  }

  async putDownDue(): Promise<void> {
    const { sandboxes, executing, log } = this.parts;
    for (const [run, idle] of this.#idle) {
      const { runId } = idle;
      if (await this.#isHeld(idle)) continue;
      if (sandboxes.has(runId) && !executing.hasRun(run)) {
        // No attempt can come in between: it would wait until the sandbox is put down, and take it up.
        await sandboxes.putDown(runId).catch((error: unknown) => {
          log.warn({ runId, error }, 'The sandbox of a waiting run was not put down; it stays until the run goes on.');
        });
      }
      if (this.#idle.get(run) === idle) this.#idle.delete(run);
    }
  }

  async #isHeld({ runId, sinceMs, isBackground }: IdleSandbox): Promise<boolean> {
    const { containerMs, briefMs } = this.parts.holds;
    const idleMs = performance.now() - sinceMs;
    if (idleMs < briefMs) return true;
    return !isBackground && idleMs < containerMs && (await this.parts.sandboxes.startsSlowly(runId));
  }
}
