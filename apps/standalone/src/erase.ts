import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { erasePerson } from './erase-person.js';
import type { Person } from './erase-person.js';

const HELP = `npm run erase -- --workspace <workspace id> --member <member id>

Erases a person, beside a running platform or without one: destroys the key under which the log holds what is personal about them, and
makes every read model anew, where it is [erased] from then on. The log keeps its bytes, so that audit bundles still verify. There is
no way back but a backup.

Works on the database of DATABASE_URL, or on the embedded one of RUNLEDGER_HOME, and on the log of EVENT_STORE. Exit code 1: there was no
key, because nothing about them was sealed, or nobody is known by that id; 2: it could not be done, and may be done again.`;

const NO_KEY = 1;
const COULD_NOT = 2;

const { values } = readCommandLine(HELP, {
  options: { workspace: { type: 'string' }, member: { type: 'string' } },
});
const { workspace: workspaceId, member: subject } = values;
if (workspaceId !== undefined && subject !== undefined) {
  await runDatabaseCommand(url => erase(url, { workspaceId, subject }), { failure: COULD_NOT });
} else misused(HELP);

async function erase(url: string, person: Person): Promise<void> {
  const erased = await erasePerson(url, person, print);
  if (erased !== 'KEY_DESTROYED') process.exitCode = NO_KEY;
}
