import type { Pool } from 'pg';
import type { TenureKey } from '../workers/worker-table.js';

export interface OpenRun {
  readonly workspaceId: string;
  readonly runId: string;
}

/** Homeless runs with something to cancel are taken whatever room there is. */
const CANCELLED_AT_ONCE = 64;

/**
 * Which worker has which run. A run is taken in by one statement that also holds the taker's own row: a worker that is being
 * buried takes nothing, and what it had taken before becomes homeless with the rest (R3).
 */
export class RunHomes {
  constructor(private readonly database: Pool) {}

  /** Homeless runs with open attempts, the longest waiting first, become this tenure's; answers how many. */
  async takeIn(host: TenureKey, room: number): Promise<number> {
    const homeless = (having: string) =>
      `SELECT run.workspace_id, run.run_id FROM sandbox.open_runs AS run WHERE run.worker IS NULL AND EXISTS (
         SELECT FROM sandbox.open_attempts AS attempt
         WHERE (attempt.workspace_id, attempt.run_id) = (run.workspace_id, run.run_id) ${having})`;
    const oldest = `(SELECT min(attempt.position) FROM sandbox.open_attempts AS attempt
      WHERE (attempt.workspace_id, attempt.run_id) = (run.workspace_id, run.run_id))`;
    const { rows } = await this.database.query({
      name: 'runledger-work-take-in', // planned once
      text: `WITH host AS (SELECT worker FROM sandbox.workers WHERE worker = $1 AND tenure = $2 FOR KEY SHARE),
       cancelled AS (${homeless('AND attempt.cancel IS NOT NULL')} LIMIT ${CANCELLED_AT_ONCE} FOR UPDATE SKIP LOCKED),
       waiting AS (${homeless('')} ORDER BY ${oldest} LIMIT $3 FOR UPDATE SKIP LOCKED),
       taken AS (SELECT * FROM cancelled UNION SELECT * FROM waiting)
       UPDATE sandbox.open_runs AS run SET worker = host.worker, files_at = coalesce(run.files_at, host.worker)
       FROM host, taken WHERE (run.workspace_id, run.run_id) = (taken.workspace_id, taken.run_id)
       RETURNING run.run_id`,
      values: [host.worker, host.id, Math.max(0, room)],
    });
    return rows.length;
  }

  /** Homeless runs whose files this worker has, from before it was gone, are its own again. */
  async takeBack(host: TenureKey): Promise<void> {
    await this.database.query(
      `WITH host AS (SELECT worker FROM sandbox.workers WHERE worker = $1 AND tenure = $2 FOR KEY SHARE)
       UPDATE sandbox.open_runs AS run SET worker = host.worker FROM host
       WHERE run.worker IS NULL AND run.files_at = host.worker`,
      [host.worker, host.id],
    );
  }

  /** From now on this worker's directory has the run's files. */
  async filesCame({ workspaceId, runId }: OpenRun, worker: string): Promise<void> {
    await this.database.query(
      'UPDATE sandbox.open_runs SET files_at = $3 WHERE workspace_id = $1 AND run_id = $2 AND worker = $3',
      [workspaceId, runId, worker],
    );
  }

  /** Runs whose files this worker must not remove: its own, and those that someone else has not fetched yet. */
  async kept(worker: string): Promise<Set<string>> {
    const { rows } = await this.database.query<{ run_id: string }>(
      `SELECT run_id FROM sandbox.open_runs
       WHERE (worker = $1 OR files_at = $1 OR files_at IS NULL) AND NOT (ended AND worker = $1)`,
      [worker],
    );
    return new Set(rows.map(row => row.run_id));
  }

  /** Runs of this worker that are over and whose sandboxes are to be released. */
  async ended(worker: string): Promise<OpenRun[]> {
    const { rows } = await this.database.query<{ workspace_id: string; run_id: string }>(
      'SELECT workspace_id, run_id FROM sandbox.open_runs WHERE worker = $1 AND ended',
      [worker],
    );
    return rows.map(row => ({ workspaceId: row.workspace_id, runId: row.run_id }));
  }

  /** Runs that were over, are released, and have something to do again: they go on here. */
  async reopen(worker: string, released: readonly OpenRun[]): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `UPDATE sandbox.open_runs AS run SET ended = false, files_at = run.worker
       WHERE run.ended AND run.worker = $1
         AND (run.workspace_id, run.run_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))
         AND EXISTS (SELECT FROM sandbox.open_attempts AS attempt
           WHERE (attempt.workspace_id, attempt.run_id) = (run.workspace_id, run.run_id) AND attempt.cancel IS NULL)`,
      [worker, released.map(({ workspaceId }) => workspaceId), released.map(({ runId }) => runId)],
    );
    return (rowCount ?? 0) > 0;
  }

  /** Forgets the runs that are over, released or without a home, once each of their attempts has been answered. */
  async forget(worker: string, released: readonly OpenRun[]): Promise<void> {
    await this.database.query(
      `DELETE FROM sandbox.open_runs AS run
       WHERE run.ended AND (run.worker IS NULL OR (run.worker = $1
           AND (run.workspace_id, run.run_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))))
         AND NOT EXISTS (SELECT FROM sandbox.open_attempts AS attempt
           WHERE (attempt.workspace_id, attempt.run_id) = (run.workspace_id, run.run_id))`,
      [worker, released.map(({ workspaceId }) => workspaceId), released.map(({ runId }) => runId)],
    );
  }
}
