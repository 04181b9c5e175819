import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Ids are compared byte by byte in `runs`: an index in another collation is no help in finding the number of one. */
export class RunNumberCollation1763700000017 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run_numbers ALTER COLUMN run_id TYPE text COLLATE "C"');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run_numbers ALTER COLUMN run_id TYPE text COLLATE "default"');
  }
}
