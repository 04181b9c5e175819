import type { ServiceName } from '@runledger/contracts';
import type { Log } from '@runledger/platform';
import { PostgresTimers } from '@runledger/timers';
import type { Storage } from './storage.js';

/** The services that have timers, each in a schema of its own. */
export const TIMED_SERVICES = ['orchestrator', 'approval', 'sandbox'] as const satisfies readonly ServiceName[];

/** `isShared`: other processes have the same timers, and hear of each other's through the database. */
export function openTimers(
  service: (typeof TIMED_SERVICES)[number],
  { pool, postgres }: Storage,
  { log, isShared }: { readonly log: Log; readonly isShared: boolean },
): PostgresTimers {
  return new PostgresTimers({ service, database: pool, log, ...(isShared ? { newsUrl: postgres.url } : {}) });
}
