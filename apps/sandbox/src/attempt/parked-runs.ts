import type { Pool } from 'pg';
import type { OpenRun } from './run-homes.js';

interface RunPlace extends OpenRun {
  /** Of the event that says so: what was noted after it is not concerned, even when it is noted again (R1). */
  readonly position: bigint;
}

/**
 * Background runs that wait at a gate. Nobody watches them, so they hold no live sandbox meanwhile; workspace and journal stay
 * where they are, and the step behind the gate finds them again.
 */
export class ParkedRuns {
  constructor(private readonly database: Pool) {}

  /** Answers the run's home, which is who has its sandbox. */
  async parked({ workspaceId, runId, position }: RunPlace): Promise<string | undefined> {
    const { rows } = await this.database.query<{ worker: string | null }>({
      name: 'runledger-work-parked',
      text: `UPDATE sandbox.open_runs SET parked_at = $3
        WHERE workspace_id = $1 AND run_id = $2 AND NOT ended RETURNING worker`,
      values: [workspaceId, runId, String(position)],
    });
    return rows[0]?.worker ?? undefined;
  }

  async goesOn({ workspaceId, runId, position }: RunPlace): Promise<void> {
    await this.database.query({
      name: 'runledger-work-unparked',
      text: `UPDATE sandbox.open_runs SET parked_at = NULL
        WHERE workspace_id = $1 AND run_id = $2 AND parked_at < $3`,
      values: [workspaceId, runId, String(position)],
    });
  }

  /** Those of this worker of which nothing is under way, neither here nor in the queue. */
  async idle(worker: string): Promise<OpenRun[]> {
    const { rows } = await this.database.query<{ workspace_id: string; run_id: string }>({
      name: 'runledger-work-idle',
      text: `SELECT run.workspace_id, run.run_id FROM sandbox.open_runs AS run
        WHERE run.worker = $1 AND run.parked_at IS NOT NULL AND NOT run.ended AND NOT EXISTS (
          SELECT FROM sandbox.open_attempts AS attempt
          WHERE (attempt.workspace_id, attempt.run_id) = (run.workspace_id, run.run_id))`,
      values: [worker],
    });
    return rows.map(row => ({ workspaceId: row.workspace_id, runId: row.run_id }));
  }

  /** Its sandbox was put down, so there is nothing more to do for it until it goes on. */
  async putDown({ workspaceId, runId }: OpenRun, worker: string): Promise<void> {
    await this.database.query({
      name: 'runledger-work-put-down',
      text: `UPDATE sandbox.open_runs SET parked_at = NULL WHERE workspace_id = $1 AND run_id = $2 AND worker = $3`,
      values: [workspaceId, runId, worker],
    });
  }
}
