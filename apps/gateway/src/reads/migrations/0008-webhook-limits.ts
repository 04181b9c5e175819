import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `ALTER TABLE webhook_secrets ADD COLUMN previous bytea, ADD COLUMN previous_until timestamptz`,
  `CREATE INDEX webhook_messages_by_age ON webhook_messages (received_at)`,
  `CREATE TABLE webhook_rates (webhook_id text PRIMARY KEY, due timestamptz NOT NULL)`,
];
const DOWN = [
  `DROP TABLE webhook_rates`,
  `DROP INDEX webhook_messages_by_age`,
  `ALTER TABLE webhook_secrets DROP COLUMN previous, DROP COLUMN previous_until`,
];

/** Two secrets for a while, messages that are forgotten by age, and how fast they may come. None of it is in the log. */
export class WebhookLimits1763700000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
