import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The agents that work on machines of their vendor. */
export class CloudSessions1763700000029 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE cloud_sessions (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, run_id text NOT NULL, is_open boolean NOT NULL,
      position bigint NOT NULL)`);
    await runner.query(`CREATE INDEX cloud_sessions_by_age ON cloud_sessions (workspace_id, position DESC)`);
    await runner.query(
      `CREATE INDEX cloud_sessions_open ON cloud_sessions (workspace_id, position DESC) WHERE is_open`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE cloud_sessions`);
  }
}
