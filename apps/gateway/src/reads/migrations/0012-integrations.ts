import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is connected to each workspace. */
export class Integrations1763700000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE integrations (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, name text COLLATE "C" NOT NULL)`);
    await runner.query(`CREATE INDEX integrations_by_name ON integrations (workspace_id, name)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE integrations`);
  }
}
