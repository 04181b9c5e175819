import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE search_texts (
    workspace_id text NOT NULL, position bigint NOT NULL, part int NOT NULL, run_id text COLLATE "C" NOT NULL,
    kind text NOT NULL, step text, attempt int, agent text, entry_id text, request_id text, at timestamptz(3) NOT NULL,
    text text NOT NULL, words tsvector NOT NULL, PRIMARY KEY (workspace_id, position, part))`,
  `CREATE INDEX search_texts_by_word ON search_texts USING gin (words)`,
  `CREATE TABLE search_spoken (key text PRIMARY KEY, view json NOT NULL, attempt_key text NOT NULL)`,
  `CREATE INDEX search_spoken_by_attempt ON search_spoken (attempt_key)`,
];
const DOWN = [`DROP TABLE search_spoken`, `DROP TABLE search_texts`];

/** What was said in runs, by its words. */
export class Search1763700000019 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
