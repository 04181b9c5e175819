import { migrateSchema } from '@runledger/event-store';
import type { Pool } from 'pg';
import type { TenureKey } from '../workers/worker-table.js';
import { SANDBOX_SCHEMA } from '../workers/work-tables.js';
import { earlierAttempts, placeOf } from './attempt-place.js';
import type { ReadyAttempt, ReadyStep } from './attempt-place.js';
import type { Answer, Heard } from './heard-answers.js';

export type CancelMode = 'GRACEFUL' | 'FORCE';

export interface CancelRequest {
  readonly mode: CancelMode;
  /** Of the request in the log: attempts that became ready after it are of a run that goes on. */
  readonly position: bigint;
}

export interface OpenAttempt extends ReadyAttempt {
  readonly cancel: CancelMode | undefined;
  /** Whose directory has the run's files, whether or not that worker lives. */
  readonly filesAt: string | undefined;
}

const ANSWERED = `EXISTS (SELECT FROM sandbox.answers AS heard
  WHERE heard.workspace_id = attempt.workspace_id AND heard.run_id = attempt.run_id AND heard.call_id = ANY (string_to_array(attempt.waits_for, E'\\n')))`;

/** What the attempt waits for is a time, and it has come. In a CASE, so that nothing else is read as a time. */
const RESTED = `EXISTS (SELECT FROM unnest(string_to_array(attempt.waits_for, E'\\n')) AS due
  WHERE CASE WHEN due LIKE 'rest:%' THEN substring(due FROM 6)::timestamptz <= now() ELSE false END)`;

/** Whose home a run has; undefined when nobody has it, or when it is not open. */
export type RunHome = string | undefined;

/** What was noted of a ready step. */
export interface NotedStep {
  readonly home: RunHome;
  readonly filesAt: string | undefined;
  /** False when it had been noted before: what has become of it since then stands in its row. */
  readonly isNew: boolean;
  /** The run had ended and goes on: its old sandbox goes first. Or it is paused. Either way nothing begins yet. */
  readonly holds: boolean;
}

/**
 * The attempts and runs that are open, as rows, noted from the log: the queue that ready steps wait in, and the home that each
 * run has at one worker. The log is the truth: a row only says where to look, and each write here may be repeated (R1).
 * Each note answers the run's home, which is who should hear of it.
 */
export class OpenWork {
  constructor(private readonly database: Pool) {}

  /** Makes the tables where they are missing. */
  async prepare(): Promise<void> {
    await migrateSchema(this.database, SANDBOX_SCHEMA);
  }

  /** A run without a home gets one with `host`, when there is one. */
  async stepReady(attempt: ReadyAttempt, position: bigint, host: TenureKey | undefined): Promise<NotedStep> {
    const { workspaceId, place, readyEventId, ready } = attempt;
    const [row] = await this.#rows(
      'step-ready',
      `WITH host AS (SELECT worker FROM sandbox.workers WHERE worker = $7 AND tenure = $8 FOR KEY SHARE),
       run AS (
         INSERT INTO sandbox.open_runs AS run (workspace_id, run_id, worker, files_at)
         VALUES ($1, $3, (SELECT worker FROM host), (SELECT worker FROM host))
         ON CONFLICT (workspace_id, run_id) DO UPDATE
           SET worker = excluded.worker, files_at = coalesce(run.files_at, excluded.files_at)
           WHERE run.worker IS NULL AND excluded.worker IS NOT NULL
         RETURNING run.worker, run.files_at, run.ended OR run.paused_at IS NOT NULL AS holds),
       stale AS (
         UPDATE sandbox.open_attempts SET cancel = 'FORCE'
         WHERE workspace_id = $1 AND attempt_id = ANY ($9) AND position < $6),
       noted AS (
         INSERT INTO sandbox.open_attempts (workspace_id, attempt_id, run_id, ready_event_id, ready, position)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING attempt_id)
       SELECT home.*, EXISTS (SELECT FROM noted) AS is_new FROM (
         SELECT worker, files_at, holds FROM run
         UNION ALL
         SELECT worker, files_at, ended OR paused_at IS NOT NULL FROM sandbox.open_runs
         WHERE workspace_id = $1 AND run_id = $3 AND NOT EXISTS (SELECT FROM run)) AS home`,
      [
        ...[workspaceId, place.attemptId, place.runId, readyEventId, JSON.stringify(ready), String(position)],
        ...[host?.worker ?? null, host?.id ?? null, earlierAttempts(place)],
      ],
    );
    return {
      home: textOf(row, 'worker'),
      filesAt: textOf(row, 'files_at'),
      isNew: row?.['is_new'] === true,
      holds: row?.['holds'] === true,
    };
  }

  /** Only for those who count: who may do the work is who has the run. */
  async claimed(workspaceId: string, attemptId: string, worker: string): Promise<void> {
    await this.#rows(
      'claimed',
      'UPDATE sandbox.open_attempts SET worker = $3 WHERE workspace_id = $1 AND attempt_id = $2',
      [workspaceId, attemptId, worker],
    );
  }

  async attemptEnded(workspaceId: string, attemptId: string): Promise<void> {
    await this.#rows('attempt-ended', 'DELETE FROM sandbox.open_attempts WHERE workspace_id = $1 AND attempt_id = $2', [
      workspaceId,
      attemptId,
    ]);
  }

  /** A graceful request never softens an earlier forced one. */
  cancelRequested(workspaceId: string, runId: string, { mode, position }: CancelRequest): Promise<RunHome> {
    return this.#home(
      'cancel-requested',
      `WITH cancelled AS (
         UPDATE sandbox.open_attempts SET cancel = CASE WHEN cancel = 'FORCE' THEN cancel ELSE $3 END
         WHERE workspace_id = $1 AND run_id = $2 AND position < $4)
       SELECT worker FROM sandbox.open_runs WHERE workspace_id = $1 AND run_id = $2`,
      [workspaceId, runId, mode, String(position)],
    );
  }

  /** The row of the run stays until its sandbox is released. What was noted after its end belongs to a run that goes on. */
  runEnded(workspaceId: string, runId: string, position: bigint): Promise<RunHome> {
    return this.#home(
      'run-ended',
      `WITH stopped AS (
         UPDATE sandbox.open_attempts SET cancel = 'FORCE' WHERE workspace_id = $1 AND run_id = $2 AND position < $3),
       heard AS (DELETE FROM sandbox.answers WHERE workspace_id = $1 AND run_id = $2)
       UPDATE sandbox.open_runs SET ended = true, paused_at = NULL
       WHERE workspace_id = $1 AND run_id = $2 RETURNING worker`,
      [workspaceId, runId, String(position)],
    );
  }

  /** Attempts of this tenure's runs that are to be stopped, or answered when they never began, oldest first. */
  toCancel(host: TenureKey, limit: number): Promise<OpenAttempt[]> {
    return this.#attempts('to-cancel', host, 'attempt.cancel IS NOT NULL ORDER BY attempt.position', limit);
  }

  /** Attempts of this tenure's runs that are to be done, those first that were begun, then the oldest. */
  toDo(host: TenureKey, limit: number): Promise<OpenAttempt[]> {
    return this.#attempts(
      'to-do',
      host,
      `attempt.cancel IS NULL AND (attempt.waits_for IS NULL OR ${ANSWERED} OR ${RESTED}) AND NOT run.ended
         AND (run.paused_at IS NULL OR (attempt.worker IS NOT NULL AND attempt.ready ? 'command'))
       ORDER BY attempt.worker IS NULL, attempt.position`,
      limit,
    );
  }

  /** From now on there is nothing to do for it until `callId` (or one of several, one per line) is answered; an answer that has come meanwhile counts. */
  async waits({ workspaceId, place }: ReadyAttempt, callId: string): Promise<void> {
    await this.#rows(
      'waits',
      'UPDATE sandbox.open_attempts SET waits_for = $3 WHERE workspace_id = $1 AND attempt_id = $2',
      [workspaceId, place.attemptId, callId],
    );
  }

  async goesOn({ workspaceId, place, waitedFor }: ReadyAttempt): Promise<void> {
    await this.#rows(
      'goes-on',
      `UPDATE sandbox.open_attempts SET waits_for = NULL
       WHERE workspace_id = $1 AND attempt_id = $2 AND waits_for = $3`,
      [workspaceId, place.attemptId, waitedFor],
    );
  }

  /** Keeps what people answered for whoever goes on with the attempts that wait for it. */
  async answered(workspaceId: string, runId: string, heard: Heard): Promise<RunHome> {
    const { callIds, answer } = heard;
    return this.#home(
      'answered',
      `WITH heard AS (
         INSERT INTO sandbox.answers (workspace_id, run_id, call_id, answer)
         SELECT $1, $2, call_id, $4 FROM unnest($3::text[]) AS call_id ON CONFLICT DO NOTHING)
       SELECT worker FROM sandbox.open_runs WHERE workspace_id = $1 AND run_id = $2`,
      [workspaceId, runId, callIds, JSON.stringify(answer)],
    );
  }

  async answerTo(workspaceId: string, runId: string, callId: string): Promise<Answer | undefined> {
    const [row] = await this.#rows(
      'answer-to',
      'SELECT answer FROM sandbox.answers WHERE workspace_id = $1 AND run_id = $2 AND call_id = $3',
      [workspaceId, runId, callId],
    );
    return row?.['answer'] as Answer | undefined;
  }

  /** What these attempts asked is moot, and so is their work. */
  async withdrawn(workspaceId: string, runId: string, attemptIds: readonly string[]): Promise<RunHome> {
    return this.#home(
      'withdrawn',
      `WITH cancelled AS (
         UPDATE sandbox.open_attempts SET cancel = 'FORCE' WHERE workspace_id = $1 AND attempt_id = ANY ($3))
       SELECT worker FROM sandbox.open_runs WHERE workspace_id = $1 AND run_id = $2`,
      [workspaceId, runId, attemptIds],
    );
  }

  /** Attempts that no worker has begun, of all runs. */
  async waiting(): Promise<number> {
    const { rows } = await this.database.query<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM sandbox.open_attempts WHERE worker IS NULL AND cancel IS NULL',
    );
    return rows[0]?.waiting ?? 0;
  }

  async #home(name: string, statement: string, values: unknown[]): Promise<RunHome> {
    const [row] = await this.#rows(name, statement, values);
    return textOf(row, 'worker');
  }

  async #attempts(name: string, host: TenureKey, condition: string, limit: number): Promise<OpenAttempt[]> {
    const rows = await this.#rows(
      name,
      `SELECT attempt.*, run.files_at
       FROM sandbox.workers AS host
       JOIN sandbox.open_runs AS run ON run.worker = host.worker
       JOIN sandbox.open_attempts AS attempt USING (workspace_id, run_id)
       WHERE host.worker = $1 AND host.tenure = $2 AND ${condition} LIMIT $3`,
      [host.worker, host.id, limit],
    );
    return rows.map(openAttempt);
  }

  /** By name: the database plans a statement that comes again and again once per connection. */
  async #rows(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.database.query<Row>({ name: `runledger-work-${name}`, text, values });
    return rows;
  }
}

type Row = Record<string, unknown>;

function textOf(row: Row | undefined, column: string): string | undefined {
  return (row?.[column] as string | null | undefined) ?? undefined;
}

function openAttempt(row: Row): OpenAttempt {
  const ready = row['ready'] as ReadyStep;
  return {
    workspaceId: row['workspace_id'] as string,
    readyEventId: row['ready_event_id'] as string,
    ready,
    place: placeOf(ready),
    cancel: (row['cancel'] as CancelMode | null) ?? undefined,
    filesAt: textOf(row, 'files_at'),
    waitedFor: textOf(row, 'waits_for'),
  };
}
