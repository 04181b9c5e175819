import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE workspaces (key text PRIMARY KEY, view json NOT NULL)`,
  `CREATE TABLE members (key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL)`,
  `CREATE TABLE tokens (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, member_key text NOT NULL,
    issued_at timestamptz NOT NULL)`,
  `CREATE INDEX tokens_by_member ON tokens (member_key, issued_at)`,

  `CREATE TABLE flows (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, flow_id text NOT NULL,
    slug text COLLATE "C" NOT NULL, name text NOT NULL)`,
  `CREATE INDEX flows_by_slug ON flows (workspace_id, slug)`,
  `CREATE TABLE flow_versions (
    workspace_id text NOT NULL, flow_id text NOT NULL, version int NOT NULL, published json NOT NULL,
    PRIMARY KEY (workspace_id, flow_id, version))`,
  `CREATE TABLE profiles (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, slug text COLLATE "C" NOT NULL)`,
  `CREATE INDEX profiles_by_slug ON profiles (workspace_id, slug)`,

  `CREATE TABLE runs (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, run_id text COLLATE "C" NOT NULL,
    flow_id text NOT NULL, flow_slug text NOT NULL, status text NOT NULL, trigger_kind text NOT NULL,
    started_by text NOT NULL, subject_kind text, subject_id text, started_at timestamptz(3) NOT NULL,
    duration_ms bigint NOT NULL, cost_micro_units numeric NOT NULL, search text NOT NULL)`,
  `CREATE INDEX runs_by_start ON runs (workspace_id, started_at, run_id)`,
  `CREATE INDEX runs_by_duration ON runs (workspace_id, duration_ms, run_id)`,
  `CREATE INDEX runs_by_cost ON runs (workspace_id, cost_micro_units, run_id)`,
  `CREATE INDEX runs_by_status ON runs (workspace_id, status, started_at, run_id)`,
  `CREATE TABLE run_numbers (
    workspace_id text NOT NULL, run_id text NOT NULL, number int NOT NULL,
    PRIMARY KEY (workspace_id, run_id), UNIQUE (workspace_id, number))`,

  `CREATE TABLE approvals (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, run_id text NOT NULL, state text NOT NULL,
    asked_at bigint NOT NULL)`,
  `CREATE INDEX approvals_by_state ON approvals (workspace_id, state, asked_at)`,
  `CREATE INDEX approvals_by_run ON approvals (workspace_id, run_id, asked_at)`,

  `CREATE TABLE artifacts (
    workspace_id text NOT NULL, artifact_id text NOT NULL, run_id text NOT NULL, step text NOT NULL,
    attempt int NOT NULL, path text NOT NULL, media_type text NOT NULL, sha256 text NOT NULL, bytes bigint NOT NULL,
    stored_at text NOT NULL, position bigint NOT NULL, PRIMARY KEY (workspace_id, artifact_id))`,
  `CREATE INDEX artifacts_by_run ON artifacts (workspace_id, run_id, position)`,

  `CREATE TABLE transcript_entries (
    workspace_id text NOT NULL, run_id text NOT NULL, entry_id text NOT NULL, seq bigint NOT NULL, step text NOT NULL,
    attempt int NOT NULL, entry json NOT NULL, ending json, PRIMARY KEY (workspace_id, run_id, entry_id))`,
  `CREATE INDEX transcript_in_order ON transcript_entries (workspace_id, run_id, seq)`,
  `CREATE TABLE transcript_pieces (
    workspace_id text NOT NULL, run_id text NOT NULL, position bigint NOT NULL, entry_id text NOT NULL,
    text text NOT NULL, PRIMARY KEY (workspace_id, run_id, entry_id, position))`,
];

/** The tables of the first read models. Their rows come from the log: whoever loses them rebuilds them. */
export class ReadModels1760000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const created = STATEMENTS.map(statement => /^CREATE TABLE (\S+)/.exec(statement)?.[1]);
    for (const table of created) if (table) await runner.query(`DROP TABLE ${table}`);
  }
}
