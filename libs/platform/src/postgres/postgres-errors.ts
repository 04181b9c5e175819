import { Fault } from '@runledger/kernel';

/** The embedded PostgreSQL did not come up, or did not go down; `log` is the end of what it said. */
export class PostgresFailedError extends Fault {
  constructor(what: string, folder: string, log: string, cause?: unknown) {
    super(
      'POSTGRES_FAILED',
      `The embedded PostgreSQL in ${folder} ${what}. It said:\n${log.trim() || '(nothing)'}\n` +
        'Fix the cause, move the folder away to begin with an empty database, or set DATABASE_URL to another server.',
      { cause, fields: { folder, log } },
    );
  }
}
