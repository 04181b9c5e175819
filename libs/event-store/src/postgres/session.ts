import pg from 'pg';
import type { ClientBase, Pool, PoolConfig } from 'pg';
import { WatchedClient } from './watched-client.js';

/** How to reach PostgreSQL: a URL, or the options of `pg`. */
export interface ConnectionOptions {
  readonly connectionString?: string;
  readonly pool?: PoolConfig;
  /** Most connections of the pool; default 10. One or two more are used for LISTEN and NOTIFY. */
  readonly poolSize?: number;
}

/**
 * A writer that lingers in its transaction holds back every reader behind it, so the server ends such sessions.
 * Every statement here is a walk along an index: planning it again for each call, compiling it, or scanning the table, or
 * all of a range to sort it, because the plan was made before anything was known of the table, would cost far more than it saves.
 */
const SESSION = `
  set timezone = 'UTC'; set datestyle = 'ISO';
  set jit = off; set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
  set default_transaction_isolation = 'read committed';
  set idle_in_transaction_session_timeout = '10s'; set transaction_timeout = '30s'`;

/** A pool whose sessions are fit for the event store. Failed idle connections are replaced by the next query. */
export function createPool(options: ConnectionOptions, onProblem: (error: Error) => void): Pool {
  const pool = new pg.Pool({
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    max: options.poolSize ?? 10,
    ...connectionConfig(options),
    ...beforeFirstUse,
    ...watched,
  });
  pool.on('error', onProblem);
  // A session may be ended between two statements, when nobody asks it anything: unheard, that would end the process.
  pool.on('connect', client => client.on('error', onProblem));
  return pool;
}

export function connectionConfig({ connectionString, pool }: ConnectionOptions): PoolConfig {
  return {
    application_name: 'runledger-event-store',
    ...pool,
    ...(connectionString === undefined ? {} : { connectionString }),
  };
}

/** A little after the server has ended them. */
const watched = { Client: WatchedClient, statementsEndWithinMs: 33_000 };

/** `pg` waits for this promise before it hands the connection out, and fails the query when it fails. */
const beforeFirstUse = { onConnect: (client: ClientBase) => client.query(SESSION) };
