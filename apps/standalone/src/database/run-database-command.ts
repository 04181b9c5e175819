import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@runledger/kernel';
import { openPostgres } from '@runledger/platform';
import type { OpenedPostgres } from '@runledger/platform';
import { outliveReaders } from '../command-line.js';
import { lastWords } from '../last-words.js';
import { DatabaseUnusableError } from '../start-errors.js';
import { readDatabaseConfig } from './database.config.js';
import type { DatabaseConfig } from './database.config.js';

/** A command that looks after what is there was pointed to where nothing is. */
export class NothingHereError extends Fault {
  constructor(home: string) {
    super(
      'NOTHING_HERE',
      `There is no embedded PostgreSQL in ${home}. Set RUNLEDGER_HOME to the data directory of the platform, or DATABASE_URL to its database.`,
      { fields: { home } },
    );
  }
}

/** The tables are not there, are older than this program, or are not for this role. */
export class TablesUnfitError extends Fault {
  constructor(cause: Error) {
    super(
      'TABLES_UNFIT',
      `The database does not let this command work: ${cause.message}. Look whether DATABASE_URL names the platform's database and comes in ` +
        'as the owner of its tables, and bring them up to date (npm run migrate).',
      { cause },
    );
  }
}

/**
 * Runs a command on the database of DATABASE_URL, or on the embedded one, which is started for it when it does not run, and made
 * only for a command that `mayBegin` with nothing. Ends the process with 0, or with `failure` (default 1) and what to do.
 */
export async function runDatabaseCommand(
  work: (url: string, config: DatabaseConfig) => Promise<void>,
  { failure = 1, mayBegin = false }: { readonly failure?: number; readonly mayBegin?: boolean } = {},
): Promise<void> {
  outliveReaders();
  try {
    const config = readDatabaseConfig();
    const dataDir = join(config.home, 'postgres');
    if (config.databaseUrl === undefined && !mayBegin && !existsSync(dataDir)) throw new NothingHereError(config.home);
    const postgres = await openPostgres({ dataDir, databaseUrl: config.databaseUrl });
    try {
      await work(postgres.url, config);
    } catch (error) {
      throw understandable(error, postgres);
    } finally {
      if (postgres.started === 'started') await postgres.stop();
    }
  } catch (error) {
    process.stderr.write(`${lastWords(error)}\n`);
    process.exitCode = failure;
  }
}

/** Whether the server can be reached at all, and who may do what there, is the operator's affair; anything else is a defect, and its stack is what helps. */
function understandable(error: unknown, { started, url }: OpenedPostgres): unknown {
  const { code = '' } = error as { code?: string };
  if (/^(42501|42P01|42703|3F000)$/.test(code)) return new TablesUnfitError(error as Error);
  const isConnection = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|08|28|3D000|57P03)/.test(code);
  return started === 'external' && isConnection ? new DatabaseUnusableError(url, error) : error;
}

/** One line for the person at the terminal. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
