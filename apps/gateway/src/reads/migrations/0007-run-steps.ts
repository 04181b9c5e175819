import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE run_steps (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, run_id text NOT NULL, step text NOT NULL,
    number int NOT NULL, state text NOT NULL, stand text, requests text[], inherited boolean NOT NULL,
    charged boolean NOT NULL)`,
  `CREATE INDEX run_steps_in_order ON run_steps (workspace_id, run_id, number)`,
  `CREATE INDEX run_steps_by_state ON run_steps (workspace_id, run_id, state, number)`,
  `CREATE INDEX run_steps_that_stand ON run_steps (workspace_id, run_id, stand, number) WHERE stand IS NOT NULL`,
  `CREATE INDEX run_steps_that_ask ON run_steps (workspace_id, run_id) WHERE requests IS NOT NULL`,
  `CREATE INDEX run_steps_inherited ON run_steps (workspace_id, run_id) WHERE inherited`,
  `CREATE INDEX run_steps_charged ON run_steps (workspace_id, run_id, number) WHERE charged`,
  `CREATE INDEX transcript_by_step ON transcript_entries (workspace_id, run_id, step, seq)`,
];

/** Each step of a run has a row of its own: a run with thousands of them is not written again with each event. */
export class RunSteps1763700000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX transcript_by_step');
    await runner.query('DROP TABLE run_steps');
  }
}
