import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { createRoles, DATABASE_USERS, DEFAULT_PREFIX, grantRoles, roleName } from './database/database-roles.js';
import { migrateDatabase } from './database/migrate-database.js';
import { writeRoleUrls } from './database/role-urls.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';

const HELP = `npm run db:roles -- [--urls <folder>] [--prefix runledger_]

Makes a database role for each service and one for migrations, in the database of DATABASE_URL (a superuser, or a role that
may make roles and owns the database), and lets each do its own work only. May be run again at any time.

  --urls    gives each role a password, and writes its DATABASE_URL into <folder>/<service>.url (mode 0600)
  --prefix  how the names of the roles begin; roles belong to the whole server, so two databases on it need two prefixes`;

const { values } = parseArgs({
  options: { urls: { type: 'string' }, prefix: { type: 'string', default: DEFAULT_PREFIX }, help: { type: 'boolean' } },
});
if (values.help) print(HELP);
else await runDatabaseCommand(url => makeRoles(url, values));

/** `npm run db:roles` */
async function makeRoles(url: string, { urls, prefix }: { readonly urls?: string; readonly prefix: string }) {
  const pool = new Pool({ connectionString: url, max: 1, application_name: 'runledger db:roles' });
  try {
    const made = await createRoles(pool, prefix);
    await migrateDatabase(url, print);
    await grantRoles(pool, prefix);
    for (const user of DATABASE_USERS) print(`${roleName(user, prefix)}: ${made.includes(user) ? 'made' : 'kept'}`);
    if (urls === undefined) print('No password was set; do it with --urls <folder>, or with \\password in psql.');
    else {
      await writeRoleUrls(pool, { folder: resolve(urls), databaseUrl: url, prefix });
      print(`The DATABASE_URL of each is in ${resolve(urls)}/<service>.url`);
    }
  } finally {
    await pool.end();
  }
}
