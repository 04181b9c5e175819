import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is kept about projections beside their rows and checkpoints; part of every schema of read models. */
export class ProjectionState1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE projection_state (
      name text PRIMARY KEY, version int NOT NULL, generation int NOT NULL DEFAULT 1,
      fault_position bigint, fault_event_type text, fault_code text, fault_message text, faulted_at timestamptz,
      rebuilt_at timestamptz)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE projection_state');
  }
}
