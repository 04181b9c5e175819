import { WatchedClient } from '@runledger/event-store';
import { Pool } from 'pg';
import type { PoolConfig } from 'pg';

/**
 * Connections that wait for no server that is gone, and of which none takes the process along when it breaks, whatever it was doing. `pg` raises the break of a connection
 * that is idle on the pool, that of one in use between two statements on the connection itself, and either ends a process in
 * which nobody hears it. `onBroken` is told; the statement that needs the connection fails by itself.
 */
export function servicePool(config: PoolConfig, onBroken: (error: Error) => void = () => undefined): Pool {
  const pool = new Pool({ Client: WatchedClient, ...config });
  pool.on('error', () => undefined); // the connection itself has told it
  pool.on('connect', client => client.on('error', onBroken));
  return pool;
}
