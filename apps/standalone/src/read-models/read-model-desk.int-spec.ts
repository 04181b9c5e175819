import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { migrateDatabase } from '../database/migrate-database.js';
import { withReadModels } from './read-model-desk.js';

describe('emptying a read model', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeEach(async () => {
    database = await testDatabase();
    pool = new Pool({ connectionString: database.url, max: 1 });
    await migrateDatabase(database.url, () => undefined);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  it('takes away the rows of the tables that there are, on a database of an older version as well', async () => {
    await pool.query(
      `INSERT INTO gateway.transcript_entries (workspace_id, run_id, entry_id, seq, step, attempt, entry)
       VALUES ('ws_default', 'run_1', 'e1', 1, 'build', 1, '{}')`,
    );
    await pool.query('DROP TABLE gateway.transcript_pieces');
    await withReadModels(database.url, async desk => {
      await desk.empty('projection/transcript');
      await desk.empty('projection/of-tomorrow');
    });
    expect((await pool.query('SELECT 1 FROM gateway.transcript_entries')).rows).toEqual([]);
  });
});
