import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE run_usage (
    workspace_id text NOT NULL, run_id text NOT NULL, usage_id text NOT NULL, step text NOT NULL, kind text NOT NULL,
    provider text, model text, resource_class text, input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL,
    milliseconds bigint NOT NULL, PRIMARY KEY (workspace_id, run_id, usage_id))`,
  `CREATE INDEX runs_to_learn_from ON runs (workspace_id, flow_id, status, started_at)`,
  `ALTER TABLE runs ADD COLUMN task_state text, ADD COLUMN only_step text`,
  `CREATE INDEX runs_as_tasks ON runs (workspace_id, started_at, run_id) WHERE task_state IS NOT NULL`,
];

/** What runs used, for estimates; and background runs as tasks. */
export class UsageAndTasks1763700000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE run_usage');
    await runner.query('DROP INDEX runs_to_learn_from, runs_as_tasks');
    await runner.query('ALTER TABLE runs DROP COLUMN task_state, DROP COLUMN only_step');
  }
}
