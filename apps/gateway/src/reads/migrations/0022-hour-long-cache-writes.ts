import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that were written into a cache for an hour: they have a price of their own. */
export class HourLongCacheWrites1763700000022 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run_usage ADD COLUMN cache_write_1h_tokens bigint NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run_usage DROP COLUMN cache_write_1h_tokens');
  }
}
