import { resolve } from 'node:path';
import { readCommandLine } from './command-line.js';
import { DEFAULT_PREFIX } from './database/database-roles.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { setUpRoles } from './database/set-up-roles.js';

const HELP = `npm run db:roles -- [--urls <folder>] [--prefix runledger_]

Makes a database role for each service and one for migrations, in the database of DATABASE_URL (a superuser, or a role that
may make roles and owns the database), and lets each do its own work only. May be run again at any time.

  --urls    gives each role a password, and writes its DATABASE_URL into <folder>/<service>.url (mode 0600)
  --prefix  how the names of the roles begin; roles belong to the whole server, so two databases on it need two prefixes`;

const { values } = readCommandLine(HELP, {
  options: { urls: { type: 'string' }, prefix: { type: 'string', default: DEFAULT_PREFIX } },
});
await runDatabaseCommand(url => makeRoles(url, values), { mayBegin: true });

/** `npm run db:roles` */
async function makeRoles(url: string, { urls, prefix }: { readonly urls?: string; readonly prefix: string }) {
  const folder = urls === undefined ? undefined : resolve(urls);
  await setUpRoles(url, { prefix, ...(folder === undefined ? {} : { folder }) }, print);
  if (folder === undefined) print('No password was set; do it with --urls <folder>, or with \\password in psql.');
  else print(`The DATABASE_URL of each is in ${folder}/<service>.url`);
}
