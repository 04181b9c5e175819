import { migrateSchema } from '@runledger/event-store';
import type { SchemaHistory } from '@runledger/event-store';
import type { Pool } from 'pg';
import { placeOf } from './attempt-place.js';
import type { ReadyAttempt, ReadyStep } from './attempt-place.js';

export type CancelMode = 'GRACEFUL' | 'FORCE';

export interface OpenAttempt extends ReadyAttempt {
  readonly worker: string | undefined;
  readonly cancel: CancelMode | undefined;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS sandbox.open_attempts (
    workspace_id text NOT NULL,
    attempt_id text NOT NULL,
    run_id text NOT NULL,
    ready_event_id uuid NOT NULL,
    ready jsonb NOT NULL,
    position bigint NOT NULL,
    worker text,
    cancel text,
    PRIMARY KEY (workspace_id, attempt_id)
  );
  CREATE INDEX IF NOT EXISTS open_attempts_by_run ON sandbox.open_attempts (workspace_id, run_id);
  CREATE INDEX IF NOT EXISTS open_attempts_waiting ON sandbox.open_attempts (position) WHERE worker IS NULL;
  CREATE TABLE IF NOT EXISTS sandbox.open_runs (
    workspace_id text NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (workspace_id, run_id)
  );`;

/** The sandbox service's own schema. IF NOT EXISTS: the first installations made these tables without writing it down. */
export const SANDBOX_SCHEMA: SchemaHistory = {
  schema: 'sandbox',
  migrations: [{ name: '0001-open-work', sql: TABLES }],
};

/**
 * The attempts and runs that are open, as rows: the queue that ready steps wait in and what a worker finds after its start
 * (R2). The log is the truth: a row only says where to look, and each write here may be repeated (R1).
 */
export class OpenWork {
  constructor(private readonly database: Pool) {}

  /** Makes the tables where they are missing. */
  async prepare(): Promise<void> {
    await migrateSchema(this.database, SANDBOX_SCHEMA);
  }

  async stepReady(attempt: ReadyAttempt, position: bigint): Promise<void> {
    const { workspaceId, place, readyEventId, ready } = attempt;
    await this.database.query(
      `WITH run AS (INSERT INTO sandbox.open_runs VALUES ($1, $3) ON CONFLICT DO NOTHING)
       INSERT INTO sandbox.open_attempts (workspace_id, attempt_id, run_id, ready_event_id, ready, position)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [workspaceId, place.attemptId, place.runId, readyEventId, JSON.stringify(ready), String(position)],
    );
  }

  async claimed(workspaceId: string, attemptId: string, worker: string): Promise<void> {
    await this.database.query(
      'UPDATE sandbox.open_attempts SET worker = $3 WHERE workspace_id = $1 AND attempt_id = $2',
      [workspaceId, attemptId, worker],
    );
  }

  async attemptEnded(workspaceId: string, attemptId: string): Promise<void> {
    await this.database.query('DELETE FROM sandbox.open_attempts WHERE workspace_id = $1 AND attempt_id = $2', [
      workspaceId,
      attemptId,
    ]);
  }

  /** A graceful request never softens an earlier forced one. */
  async cancelRequested(workspaceId: string, runId: string, mode: CancelMode): Promise<void> {
    await this.database.query(
      `UPDATE sandbox.open_attempts SET cancel = CASE WHEN cancel = 'FORCE' THEN cancel ELSE $3 END
       WHERE workspace_id = $1 AND run_id = $2`,
      [workspaceId, runId, mode],
    );
  }

  async runEnded(workspaceId: string, runId: string): Promise<void> {
    await this.cancelRequested(workspaceId, runId, 'FORCE');
    await this.database.query('DELETE FROM sandbox.open_runs WHERE workspace_id = $1 AND run_id = $2', [
      workspaceId,
      runId,
    ]);
  }

  /** Attempts that are to be stopped, or answered when they never began, oldest first. */
  toCancel(limit: number): Promise<OpenAttempt[]> {
    return this.#attempts('cancel IS NOT NULL ORDER BY position LIMIT $1', [limit]);
  }

  /** Attempts that a worker has begun, whichever. */
  begun(): Promise<OpenAttempt[]> {
    return this.#attempts('worker IS NOT NULL ORDER BY position', []);
  }

  unclaimed(limit: number): Promise<OpenAttempt[]> {
    return this.#attempts('worker IS NULL AND cancel IS NULL ORDER BY position LIMIT $1', [limit]);
  }

  async openRuns(): Promise<Set<string>> {
    const { rows } = await this.database.query<{ run_id: string }>('SELECT run_id FROM sandbox.open_runs');
    return new Set(rows.map(row => row.run_id));
  }

  async #attempts(condition: string, values: unknown[]): Promise<OpenAttempt[]> {
    const { rows } = await this.database.query<Record<string, unknown>>(
      `SELECT * FROM sandbox.open_attempts WHERE ${condition}`,
      values,
    );
    return rows.map(openAttempt);
  }
}

function openAttempt(row: Record<string, unknown>): OpenAttempt {
  const ready = row['ready'] as ReadyStep;
  return {
    workspaceId: row['workspace_id'] as string,
    readyEventId: row['ready_event_id'] as string,
    ready,
    place: placeOf(ready),
    worker: (row['worker'] as string | null) ?? undefined,
    cancel: (row['cancel'] as CancelMode | null) ?? undefined,
  };
}
