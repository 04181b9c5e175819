import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is being said, piece by piece: an entry of ten thousand pieces is not written anew with each. */
export class SearchPieces1763700000030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE search_pieces (key text NOT NULL, position bigint NOT NULL, text json NOT NULL, PRIMARY KEY (key, position))`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE search_pieces`);
  }
}
