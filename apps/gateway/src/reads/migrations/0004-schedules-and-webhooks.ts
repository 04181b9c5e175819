import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `webhook_secrets` and `webhook_messages` are no read models: the log does not have what is in them, so no rebuild touches
 * them.
 */
const STATEMENTS = [
  `CREATE TABLE schedules (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, schedule_id text COLLATE "C" NOT NULL)`,
  `CREATE INDEX schedules_in_order ON schedules (workspace_id, schedule_id)`,
  `CREATE TABLE webhooks (
    key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, created_at timestamptz NOT NULL)`,
  `CREATE INDEX webhooks_in_order ON webhooks (workspace_id, created_at)`,
  `CREATE TABLE webhook_secrets (webhook_id text PRIMARY KEY, sealed bytea NOT NULL)`,
  `CREATE TABLE webhook_messages (
    webhook_id text NOT NULL, body_sha256 bytea NOT NULL, delivery_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (webhook_id, body_sha256))`,
];

/** Schedules and webhooks as they are shown, and the sealed secrets of webhooks. */
export class SchedulesAndWebhooks1763700000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['webhook_messages', 'webhook_secrets', 'webhooks', 'schedules'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
