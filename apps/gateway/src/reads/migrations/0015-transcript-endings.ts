import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a tool call ended, so that a transcript can be shown as it was before. */
export class TranscriptEndings1763700000015 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE transcript_entries ADD COLUMN ended_at bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE transcript_entries DROP COLUMN ended_at');
  }
}
