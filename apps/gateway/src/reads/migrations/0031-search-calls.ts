import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Functions that are being called: what the run says of their steps next is what became of them. */
export class SearchCalls1763700000031 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE search_calls (run_key text NOT NULL, step text NOT NULL, attempt int NOT NULL, PRIMARY KEY (run_key, step))`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE search_calls`);
  }
}
