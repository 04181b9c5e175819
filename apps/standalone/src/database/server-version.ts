import type { Queryable } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';

/** Of which sessions can be told to end a transaction that lasts too long, which bounds how long readers wait for a writer. */
const OLDEST = 17;

/** The PostgreSQL that the operator named is of a version that cannot hold the log. */
export class ServerTooOldError extends Fault {
  constructor(version: string) {
    super(
      'SERVER_TOO_OLD',
      `The PostgreSQL of DATABASE_URL is of version ${version}; ${OLDEST} or later is needed. Nothing was changed. Upgrade the server, ` +
        'name another one, or leave DATABASE_URL out to use the embedded PostgreSQL.',
      { fields: { version } },
    );
  }
}

/** Before anything is made in a database: throws {@link ServerTooOldError}. */
export async function requireServer(database: Queryable): Promise<void> {
  const { rows } = await database.query('show server_version', []);
  const version = String(rows[0]?.['server_version']);
  if (Number.parseInt(version, 10) < OLDEST) throw new ServerTooOldError(version);
}
