import type { Log } from '@runledger/platform';
import { PostgresTimers } from '@runledger/timers';
import type { Storage } from './storage.js';
import type { TimedService } from './timed-services.js';

/** `isShared`: other processes have the same timers, and hear of each other's through the database. */
export function openTimers(
  service: TimedService,
  { pool, postgres }: Storage,
  { log, isShared }: { readonly log: Log; readonly isShared: boolean },
): PostgresTimers {
  return new PostgresTimers({ service, database: pool, log, ...(isShared ? { newsUrl: postgres.url } : {}) });
}
