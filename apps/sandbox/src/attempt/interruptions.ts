import { newUuid } from '@runledger/event-store';
import type { Pool } from 'pg';
import { attempt } from './attempt.decider.js';
import type { Claimer } from './attempt-claim.js';
import { attemptStream, placeOf } from './attempt-place.js';
import type { ReadyStep } from './attempt-place.js';

interface LeftAttempt {
  readonly workspace_id: string;
  readonly ready_event_id: string;
  readonly ready: ReadyStep;
  readonly worker: string;
}

/**
 * Writes down whose worker has died. Nothing depends on it: whoever has the run takes the attempt up whether or not it is
 * written down, and when that was faster there is nothing to write.
 */
export class Interruptions {
  constructor(
    private readonly database: Pool,
    private readonly claimer: Claimer,
  ) {}

  async note(workers: readonly string[]): Promise<void> {
    for (const left of await this.#leftBy(workers)) await this.#noteOne(left);
  }

  async #noteOne({
    workspace_id: workspaceId,
    ready_event_id: causationId,
    ready,
    worker,
  }: LeftAttempt): Promise<void> {
    const place = placeOf(ready);
    const now = this.claimer.clock.now();
    const data = { ...place, worker, reason: 'Its worker has died.', interruptedAt: now };
    const context = {
      commandId: newUuid(),
      workspaceId,
      actor: { kind: 'service', id: 'sandbox' },
      occurredAt: now,
      correlationId: place.runId,
      causationId,
    } as const;
    await this.claimer.commands.handle(attempt, attemptStream(place), { type: 'InterruptAttempt', data }, context);
  }

  /** What waits for people, or with its paused run, had no worker to lose. */
  async #leftBy(workers: readonly string[]): Promise<LeftAttempt[]> {
    const { rows } = await this.database.query<LeftAttempt>(
      `SELECT attempt.workspace_id, attempt.ready_event_id, attempt.ready, attempt.worker
       FROM sandbox.open_attempts AS attempt JOIN sandbox.open_runs AS run USING (workspace_id, run_id)
       WHERE attempt.worker = ANY ($1) AND attempt.waits_for IS NULL AND run.paused_at IS NULL`,
      [workers],
    );
    return rows;
  }
}
