import pg from 'pg';
import type { ClientConfig } from 'pg';

/** What the server says of one of its sessions. `unknown`: it cannot be seen whose session that is. */
export type Whereabouts = 'at work' | 'not at work' | 'unknown' | 'no answer';

const WITHIN_MS = 4_000;
/** A pooler between here and the server gives its connections numbers of its own. */
const STATE = `
  select pg_backend_pid() as own, (select coalesce(state, 'active') from pg_stat_activity where pid = $1) as state`;

/** Asks on a connection of its own. Never throws. */
export async function askAfter(processId: number | null, config: ClientConfig): Promise<Whereabouts> {
  if (processId === null) return 'unknown';
  const client = new pg.Client(Object.assign(config, { connectionTimeoutMillis: WITHIN_MS, query_timeout: WITHIN_MS }));
  client.on('error', () => undefined); // the answer says so
  try {
    await client.connect();
    const { rows } = await client.query<{ own: number; state: string | null }>(STATE, [processId]);
    const [row] = rows;
    if (!row || row.own !== (client as unknown as { processID: number }).processID) return 'unknown';
    return row.state === null || row.state.startsWith('idle') ? 'not at work' : 'at work';
  } catch (error) {
    // It is there, and has reasons of its own: it is starting up, or lets nobody in any more.
    return error instanceof pg.DatabaseError ? 'unknown' : 'no answer';
  } finally {
    await client.end().catch(() => undefined); // it is given up either way
  }
}
