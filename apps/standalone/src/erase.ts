import { setTimeout as delay } from 'node:timers/promises';
import { KEY_COUNTS_MS, servicePool, SubjectKeys } from '@runledger/platform';
import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { withReadModels } from './read-models/read-model-desk.js';
import type { ReadModelDesk } from './read-models/read-model-desk.js';
import { rebuiltLine } from './read-models/read-model-lines.js';

const HELP = `npm run erase -- --workspace <workspace id> --member <member id>

Erases a person, beside a running platform or without one: destroys the key under which the log holds what is personal about them, and
makes every read model anew, where it is [erased] from then on. The log keeps its bytes, so that audit bundles still verify. There is
no way back but a backup.

Works on the database of DATABASE_URL, or on the embedded one of RUNLEDGER_HOME, and on the log of EVENT_STORE. Exit code 1: there was no
key, so nothing about them was sealed; 2: it could not be done, and may be done again.`;

const NO_KEY = 1;
const COULD_NOT = 2;

const { values } = readCommandLine(HELP, {
  options: { workspace: { type: 'string' }, member: { type: 'string' } },
});
const { workspace: workspaceId, member: subject } = values;
if (workspaceId !== undefined && subject !== undefined) {
  await runDatabaseCommand(url => erase(url, { workspaceId, subject }), { failure: COULD_NOT });
} else misused(HELP);

async function erase(url: string, person: { readonly workspaceId: string; readonly subject: string }): Promise<void> {
  const existed = await destroyKey(url, person);
  print(`${person.subject}: ${existed ? 'the key is destroyed' : 'there was no key, and there will be none'}`);
  if (!existed) process.exitCode = NO_KEY;
  await delay(KEY_COUNTS_MS); // until no process writes a row with the key that it has in hand
  await withReadModels(url, purge);
}

async function destroyKey(url: string, person: Parameters<SubjectKeys['destroy']>[0]): Promise<boolean> {
  const pool = servicePool({ connectionString: url, max: 1, application_name: 'runledger erase' });
  try {
    return await new SubjectKeys(pool).destroy(person);
  } finally {
    await pool.end();
  }
}

async function purge(desk: ReadModelDesk): Promise<void> {
  for (const { name } of await desk.list()) print(rebuiltLine(await desk.rebuild(name, () => undefined)));
}
