import { setTimeout as delay } from 'node:timers/promises';
import { streamOf } from '@runledger/kernel';
import { KEY_COUNTS_MS, servicePool, SubjectKeys } from '@runledger/platform';
import type { Pool } from 'pg';
import { withReadModels } from './read-models/read-model-desk.js';
import type { ReadModelDesk } from './read-models/read-model-desk.js';
import { rebuiltLine } from './read-models/read-model-lines.js';
import { openReadableLog } from './readable-log.js';

/** A member of a workspace, by both ids. */
export type Person = Parameters<SubjectKeys['destroy']>[0];

/** `NO_KEY`: nothing was sealed for them, or it was erased before. `NOBODY`: nothing was changed. */
export type ErasedPerson = 'KEY_DESTROYED' | 'NO_KEY' | 'NOBODY';

/**
 * Destroys the key under which the log of the database at `url` holds what is personal about them, and makes every read model
 * anew; says so line by line. May be done again.
 */
export async function erasePerson(url: string, person: Person, report: (line: string) => void): Promise<ErasedPerson> {
  const erased = await withPool(url, pool => destroyKey(url, pool, person));
  const { workspaceId, subject } = person;
  switch (erased) {
    case 'NOBODY':
      report(
        `Nobody is known as ${subject} in ${workspaceId}, so nothing was changed. Take both ids from whatever they did.`,
      );
      return erased;
    case 'KEY_DESTROYED':
      report(`${subject}: the key is destroyed`);
      break;
    case 'NO_KEY':
      report(`${subject}: there was no key, and there will be none`);
  }
  await delay(KEY_COUNTS_MS); // until no process writes a row with the key that it has in hand
  await withReadModels(url, desk => purge(desk, report));
  return erased;
}

async function destroyKey(url: string, pool: Pool, person: Person): Promise<ErasedPerson> {
  const keys = new SubjectKeys(pool);
  if (!(await keys.has(person)) && !(await isMember(url, pool, person))) return 'NOBODY';
  return (await keys.destroy(person)) ? 'KEY_DESTROYED' : 'NO_KEY';
}

async function isMember(url: string, pool: Pool, { workspaceId, subject }: Person): Promise<boolean> {
  const { store } = await openReadableLog(url, pool);
  try {
    const { events } = await store.readStream({ tenant: workspaceId, name: streamOf('member', subject) }, { limit: 1 });
    return events.some(({ data }) => (data as { memberId?: unknown }).memberId === subject);
  } finally {
    await store.close();
  }
}

async function purge(desk: ReadModelDesk, report: (line: string) => void): Promise<void> {
  for (const { name } of await desk.list()) report(rebuiltLine(await desk.rebuild(name, () => undefined)));
}

async function withPool<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger erase' });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
