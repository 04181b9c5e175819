import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs know of which they are a retry or a re-run and what went ahead without asking; lists are filtered by more, and stay as cheap. */
export class RunLineage1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs ADD COLUMN lineage_of text, ADD COLUMN lineage_kind text`);
    await runner.query(
      `CREATE INDEX runs_by_lineage ON runs (workspace_id, lineage_of, started_at) WHERE lineage_of IS NOT NULL`,
    );
    await runner.query(`CREATE TABLE auto_resolutions (
      workspace_id text NOT NULL, run_id text NOT NULL, call_id text NOT NULL, step text NOT NULL, attempt int NOT NULL,
      tool text NOT NULL, grant_id text NOT NULL, scope text NOT NULL, granted_by json NOT NULL, resolved_at text NOT NULL,
      position bigint NOT NULL, PRIMARY KEY (workspace_id, run_id, call_id))`);
    await runner.query(`CREATE INDEX runs_by_flow ON runs (workspace_id, flow_slug, started_at, run_id)`);
    await runner.query(`CREATE INDEX runs_by_flow_id ON runs (workspace_id, flow_id, started_at, run_id)`);
    await runner.query(`CREATE INDEX runs_by_trigger ON runs (workspace_id, trigger_kind, started_at, run_id)`);
    await runner.query(`CREATE INDEX runs_by_starter ON runs (workspace_id, started_by, started_at, run_id)`);
    await runner.query(
      `CREATE INDEX runs_by_subject ON runs (workspace_id, subject_id, started_at) WHERE subject_id IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of [
      'runs_by_subject',
      'runs_by_starter',
      'runs_by_trigger',
      'runs_by_flow_id',
      'runs_by_flow',
      'runs_by_lineage',
    ]) {
      await runner.query(`DROP INDEX ${index}`);
    }
    await runner.query(`DROP TABLE auto_resolutions`);
    await runner.query(`ALTER TABLE runs DROP COLUMN lineage_of, DROP COLUMN lineage_kind`);
  }
}
