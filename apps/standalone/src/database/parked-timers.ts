import { PostgresTimers } from '@runledger/timers';
import type { Pool } from 'pg';
import { TIMED_SERVICES } from '../timed-services.js';

/** More are a matter for a look at the database. */
const SHOWN = 100;

/** What is parked, in lines for people: of each service, the latest first. */
export async function parkedTimers(pool: Pool): Promise<string[]> {
  const lines: string[] = [];
  for (const service of TIMED_SERVICES) {
    const timers = new PostgresTimers({ database: pool, service });
    const { due, parked } = await timers.standing();
    lines.push(`${service}: ${parked} parked, ${due} due`);
    for (const { name, dueAt, attempts, failure } of await timers.parked(SHOWN)) {
      lines.push(`  ${name}  was due ${dueAt}, tried ${attempts} times: ${failure}`);
    }
  }
  return lines;
}

/** Lets parked timers fire again; answers the names of which there is none. */
export async function retryTimers(pool: Pool, names: readonly string[]): Promise<string[]> {
  const unknown: string[] = [];
  for (const name of names) if (!(await retry(pool, name))) unknown.push(name);
  return unknown;
}

async function retry(pool: Pool, name: string): Promise<boolean> {
  const found = await Promise.all(
    TIMED_SERVICES.map(service => new PostgresTimers({ database: pool, service }).retry(name)),
  );
  return found.includes(true);
}
