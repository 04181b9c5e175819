import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where people are told things, and what they were told. */
export class Notifications1763700000023 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE notification_channels (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, channel_id text NOT NULL,
      added_at timestamptz NOT NULL)`);
    await runner.query(`CREATE INDEX notification_channels_by_age ON notification_channels (workspace_id, added_at)`);
    await runner.query(`CREATE INDEX notification_channels_by_id ON notification_channels (channel_id)`);
    await runner.query(`CREATE TABLE notifications (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, channel_id text NOT NULL, run_id text,
      state text NOT NULL, queued_at bigint NOT NULL)`);
    await runner.query(`CREATE INDEX notifications_by_age ON notifications (workspace_id, queued_at)`);
    await runner.query(`CREATE INDEX notifications_by_channel ON notifications (workspace_id, channel_id, queued_at)`);
    await runner.query(`CREATE INDEX notifications_by_run ON notifications (workspace_id, run_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE notifications`);
    await runner.query(`DROP TABLE notification_channels`);
  }
}
