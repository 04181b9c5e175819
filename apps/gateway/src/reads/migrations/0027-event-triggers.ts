import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Triggers on events as they are shown. */
export class EventTriggers1763700000027 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE event_triggers (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, created_at timestamptz NOT NULL)`);
    await runner.query('CREATE INDEX event_triggers_in_order ON event_triggers (workspace_id, created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE event_triggers');
  }
}
