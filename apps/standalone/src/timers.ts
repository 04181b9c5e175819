import { servicePool } from '@runledger/platform';
import type { Pool } from 'pg';
import { misused, readCommandLine } from './command-line.js';
import { parkedTimers, retryTimers } from './database/parked-timers.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';

const HELP = `npm run timers -- list
npm run timers -- retry <name> …

Shows which timers were parked because their handlers failed for good, and lets them fire again, which the platform does within
five seconds. Mend the cause first: the log of the service says it. The platform may run meanwhile.

Works on the database of DATABASE_URL, which must come in as the owner of the tables.`;

const { positionals } = readCommandLine(HELP, { allowPositionals: true, options: {} });
const [verb, ...names] = positionals;
if (verb === 'list' && names.length === 0) await runDatabaseCommand(url => withPool(url, list));
else if (verb === 'retry' && names.length > 0)
  await runDatabaseCommand(url => withPool(url, pool => retry(pool, names)));
else misused(HELP);

async function withPool(url: string, work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger timers' });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}

async function list(pool: Pool): Promise<void> {
  for (const line of await parkedTimers(pool)) print(line);
}

async function retry(pool: Pool, names: readonly string[]): Promise<void> {
  const unknown = await retryTimers(pool, names);
  print(`${names.length - unknown.length} will fire again.`);
  if (unknown.length === 0) return;
  print(`Not parked: ${unknown.join(', ')}. Look at the list.`);
  process.exitCode = 1;
}
