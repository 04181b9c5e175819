import type { MigrationReport } from '@runledger/event-store';
import { servicePool } from '@runledger/platform';
import { createRoles, DATABASE_USERS, grantRoles, roleName } from './database-roles.js';
import type { DatabaseUser } from './database-roles.js';
import { migrateDatabase } from './migrate-database.js';
import { writeRoleUrls } from './role-urls.js';
import { requireServer } from './server-version.js';

export interface RoleSetUp {
  /** How names of roles begin; default `runledger_`. */
  readonly prefix?: string;
  /** Where the DATABASE_URL of each role is kept; left out, passwords are the operator's affair. */
  readonly folder?: string;
}

/**
 * A role for each service in a database that is up to date, however it was before. `url` is of a superuser, or of a role
 * that may make roles and owns the database. Returns the addresses of the roles when they have passwords from here: never
 * log them.
 */
export async function setUpRoles(
  url: string,
  { prefix, folder }: RoleSetUp,
  report: MigrationReport,
): Promise<ReadonlyMap<DatabaseUser, string>> {
  const pool = servicePool({ connectionString: url, max: 1, application_name: 'runledger db:roles' });
  try {
    await requireServer(pool);
    const made = await createRoles(pool, prefix);
    await migrateDatabase(url, report);
    await grantRoles(pool, prefix);
    for (const user of DATABASE_USERS) report(`${roleName(user, prefix)}: ${made.includes(user) ? 'made' : 'kept'}`);
    if (folder === undefined) return new Map();
    return await writeRoleUrls(pool, { folder, databaseUrl: url, ...(prefix === undefined ? {} : { prefix }) });
  } finally {
    await pool.end();
  }
}
