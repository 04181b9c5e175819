import type { ConsumerLog } from '@runledger/messaging';
import { runKey } from './attempt-place.js';
import type { ExecutingAttempts } from './executing-attempts.js';
import type { OpenAttempt } from './open-work.js';
import type { RunSandboxes } from './run-sandboxes.js';

/** How long a sandbox stays alive in which nothing works, in ms. */
export interface Holds {
  /** Somebody may be looking at it. */
  readonly interactiveMs: number;
  readonly backgroundMs: number;
}

export const DEFAULT_HOLDS: Holds = { interactiveMs: 600_000, backgroundMs: 2_000 };

interface IdleSandbox {
  readonly runId: string;
  readonly dueMs: number;
}

export interface IdleSandboxesParts {
  readonly sandboxes: RunSandboxes;
  readonly executing: ExecutingAttempts;
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
    const { interactiveMs, backgroundMs } = this.parts.holds;
    const holdMs = ready.execution === 'BACKGROUND' ? backgroundMs : interactiveMs;
    this.#idle.set(runKey(workspaceId, place.runId), { runId: place.runId, dueMs: performance.now() + holdMs });
  }

  async putDownDue(): Promise<void> {
    const { sandboxes, executing, log } = this.parts;
    const now = performance.now();
    for (const [run, { runId, dueMs }] of this.#idle) {
      if (sandboxes.has(runId) && !executing.hasRun(run)) {
        if (dueMs > now) continue;
        // No attempt can come in between: it would wait until the sandbox is put down, and take it up.
        await sandboxes.putDown(runId).catch((error: unknown) => {
          log.warn({ runId, error }, 'The sandbox of a waiting run was not put down; it stays until the run goes on.');
        });
      }
      if (this.#idle.get(run)?.dueMs === dueMs) this.#idle.delete(run);
    }
  }
}
