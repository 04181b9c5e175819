/** Prints when the log took each event of a run: its id, and ms since the epoch. Runs beside the platform, with its environment. */
import pg from 'pg';
import { runDatabaseCommand } from '../apps/standalone/dist/database/run-database-command.js';
import { openReadableLog } from '../apps/standalone/dist/readable-log.js';

await runDatabaseCommand(async url => {
  const pool = new pg.Pool({ connectionString: url });
  const { store } = await openReadableLog(url, pool);
  try {
    for (let after = 0n, caughtUp = false; !caughtUp;) {
      const slice = await store.readAll({ after, categories: ['run'], limit: 500 });
      for (const { id, recordedAt } of slice.events) console.log(`${id} ${Date.parse(recordedAt)}`);
      ({ scannedTo: after, caughtUp } = slice);
    }
  } finally {
    await store.close();
    await pool.end();
  }
});
