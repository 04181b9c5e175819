import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whom a request waits for: `approvers` null is anybody, else member ids and e-mail addresses in lower case; `excluded` is the
 * member who may not decide; `voters` have said what they have to say.
 */
const STATEMENTS = [
  `ALTER TABLE approvals ADD COLUMN kind text NOT NULL DEFAULT 'gate', ADD COLUMN approvers text[],
    ADD COLUMN excluded text, ADD COLUMN voters text[] NOT NULL DEFAULT '{}'`,
  `CREATE TABLE grants (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, state text NOT NULL, made_at bigint NOT NULL)`,
  `CREATE INDEX grants_by_state ON grants (workspace_id, state, made_at)`,
];

/** Requests know whom they wait for, and grants are listed. */
export class People1763700000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE grants');
    await runner.query(
      'ALTER TABLE approvals DROP COLUMN kind, DROP COLUMN approvers, DROP COLUMN excluded, DROP COLUMN voters',
    );
  }
}
