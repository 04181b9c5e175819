import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE workspace_snapshots (
    workspace_id text NOT NULL, attempt_id text NOT NULL, moment text NOT NULL, run_id text NOT NULL, step text NOT NULL,
    attempt int NOT NULL, root text NOT NULL, files int NOT NULL, bytes bigint NOT NULL, new_bytes bigint NOT NULL,
    taken_at text NOT NULL, position bigint NOT NULL, PRIMARY KEY (workspace_id, attempt_id, moment))`,
  `CREATE INDEX workspace_snapshots_by_run ON workspace_snapshots (workspace_id, run_id, position)`,
  `CREATE TABLE expired_files (
    workspace_id text NOT NULL, key text NOT NULL, run_id text NOT NULL, expired_at text NOT NULL, position bigint NOT NULL,
    PRIMARY KEY (workspace_id, key))`,
  `CREATE INDEX expired_files_by_run ON expired_files (workspace_id, run_id)`,
];
const DOWN = [`DROP TABLE expired_files`, `DROP TABLE workspace_snapshots`];

/** Workspaces as they were between steps, and which files of runs are not kept any more. */
export class KeptFiles1763700000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
