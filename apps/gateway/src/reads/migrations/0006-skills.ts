import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Skills in their latest version. */
export class Skills1763700000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE skills (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, slug text COLLATE "C" NOT NULL)`);
    await runner.query(`CREATE INDEX skills_by_slug ON skills (workspace_id, slug)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE skills`);
  }
}
