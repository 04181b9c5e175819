import type { Pool } from 'pg';
import type { TenureKey } from '../workers/worker-table.js';
import type { RunHome } from './open-work.js';

interface RunPlace {
  readonly workspaceId: string;
  readonly runId: string;
  /** Of the event that says so: what was noted after it is not concerned, even when it is noted again (R1). */
  readonly position: bigint;
}

/** What people want of runs whose attempts are under way: that they hold, go on, or do without a step. */
export class HeldRuns {
  constructor(private readonly database: Pool) {}

  /** None of the run's agents goes on, and nothing of it begins. */
  paused(run: RunPlace): Promise<RunHome> {
    return this.#home(
      'paused',
      `INSERT INTO sandbox.open_runs AS run (workspace_id, run_id, paused_at) VALUES ($1, $2, $3)
       ON CONFLICT (workspace_id, run_id) DO UPDATE SET paused_at = greatest(run.paused_at, excluded.paused_at)
       RETURNING worker`,
      run,
    );
  }

  goesOn(run: RunPlace): Promise<RunHome> {
    return this.#home(
      'goes-on',
      `UPDATE sandbox.open_runs SET paused_at = NULL
       WHERE workspace_id = $1 AND run_id = $2 AND (paused_at IS NULL OR paused_at < $3) RETURNING worker`,
      run,
    );
  }

  /** The run goes on without these steps, or with another attempt: what still executes of them is stopped. */
  async without(run: RunPlace, steps: readonly string[]): Promise<RunHome> {
    return this.#home(
      'without',
      `WITH stopped AS (
         UPDATE sandbox.open_attempts SET cancel = 'FORCE'
         WHERE workspace_id = $1 AND run_id = $2 AND position < $3 AND ready ->> 'step' = ANY ($4))
       SELECT worker FROM sandbox.open_runs WHERE workspace_id = $1 AND run_id = $2`,
      run,
      steps,
    );
  }

  /** Ids of the agents' attempts of this tenure's runs that are to stop after their current tool call. */
  async toPause(host: TenureKey): Promise<ReadonlySet<string>> {
    const { rows } = await this.database.query<{ attempt_id: string }>({
      name: 'runledger-held-to-pause',
      text: `SELECT attempt.attempt_id FROM sandbox.workers AS host
        JOIN sandbox.open_runs AS run ON run.worker = host.worker AND run.paused_at IS NOT NULL
        JOIN sandbox.open_attempts AS attempt USING (workspace_id, run_id)
        WHERE host.worker = $1 AND host.tenure = $2 AND attempt.ready ? 'agent'`,
      values: [host.worker, host.id],
    });
    return new Set(rows.map(row => row.attempt_id));
  }

  async #home(name: string, text: string, run: RunPlace, ...values: unknown[]): Promise<RunHome> {
    const { rows } = await this.database.query<{ worker: string | null }>({
      name: `runledger-held-${name}`,
      text,
      values: [run.workspaceId, run.runId, String(run.position), ...values],
    });
    return rows[0]?.worker ?? undefined;
  }
}
