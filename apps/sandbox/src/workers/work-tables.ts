import type { SchemaHistory } from '@runledger/event-store';
import { vaultTable } from '@runledger/platform';

/** IF NOT EXISTS: the first installations made these tables without writing it down. */
const OPEN_WORK = `
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

/**
 * `workers` has a row for each living worker. The row is the worker's life: who removes it has buried the worker, and the
 * reference makes the runs that had their home there homeless in the same transaction (R3). `files_at` outlives that: it names
 * the worker in whose directory the files of a run are.
 */
const WORKERS = `
  CREATE TABLE sandbox.workers (
    worker text PRIMARY KEY,
    tenure uuid NOT NULL,
    alive_until timestamptz NOT NULL
  );
  CREATE TABLE sandbox.worker_homes (
    worker text PRIMARY KEY,
    machine text NOT NULL,
    path text NOT NULL
  );
  ALTER TABLE sandbox.open_runs
    ADD COLUMN worker text REFERENCES sandbox.workers ON DELETE SET NULL,
    ADD COLUMN files_at text,
    ADD COLUMN ended boolean NOT NULL DEFAULT false;
  CREATE INDEX open_runs_by_worker ON sandbox.open_runs (worker);
  CREATE INDEX open_runs_by_files ON sandbox.open_runs (files_at);
  CREATE INDEX open_runs_ended ON sandbox.open_runs (worker) WHERE ended;`;

/** `waits_for` names the call with which an attempt waits for people: it is left alone until there is an answer to it. */
const ANSWERS = `
  ALTER TABLE sandbox.open_attempts ADD COLUMN waits_for text;
  CREATE TABLE sandbox.answers (
    workspace_id text NOT NULL,
    run_id text NOT NULL,
    call_id text NOT NULL,
    answer jsonb NOT NULL,
    PRIMARY KEY (workspace_id, run_id, call_id)
  );`;

/** Since which place in the log a run is paused: its agents stop after their current tool call, and nothing of it begins. */
const PAUSES = `
  ALTER TABLE sandbox.open_runs ADD COLUMN paused_at bigint;`;

/** Since which place in the log a background run waits at a gate, until its sandbox is put down. */
const PARKING = `
  ALTER TABLE sandbox.open_runs ADD COLUMN parked_at bigint;
  CREATE INDEX open_runs_parked ON sandbox.open_runs (worker) WHERE parked_at IS NOT NULL;`;

/** The sandbox service's own schema. */
export const SANDBOX_SCHEMA: SchemaHistory = {
  schema: 'sandbox',
  migrations: [
    { name: '0001-open-work', sql: OPEN_WORK },
    { name: '0002-workers', sql: WORKERS },
    { name: '0003-answers', sql: ANSWERS },
    { name: '0004-pauses', sql: PAUSES },
    { name: '0005-parking', sql: PARKING },
    { name: '0006-vault', sql: vaultTable('sandbox.vault') },
  ],
};
