import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@runledger/kernel';
import { makeFolder } from '@runledger/platform';
import type { Pool } from 'pg';
import { escapeIdentifier as quoted, escapeLiteral as literal } from 'pg';
import { DATABASE_USERS, roleName } from './database-roles.js';
import type { DatabaseUser } from './database-roles.js';
import { scramVerifier } from './scram-verifier.js';

/** A file that should hold the address of a database holds something else. */
export class InvalidRoleUrlError extends Fault {
  constructor(file: string) {
    super(
      'INVALID_ROLE_URL',
      `${file} does not hold a postgres:// address with a password: correct it, or remove it to have a new one made.`,
      { fields: { file } },
    );
  }
}

/** Where a role's DATABASE_URL is kept: one file per role, for its owner alone. */
function roleUrlFile(folder: string, user: DatabaseUser): string {
  return join(folder, `${user}.url`);
}

export interface RoleUrlOptions {
  readonly folder: string;
  /** Where the database is; user and password in it do not matter. */
  readonly databaseUrl: string;
  readonly prefix?: string;
}

/**
 * Sees to it that `folder` holds the DATABASE_URL of each role in a file `<user>.url` (mode 0600). The password of a file
 * that is there is kept, otherwise one is made. Returns the addresses: never log them.
 */
export async function keepRoleUrls(options: RoleUrlOptions): Promise<ReadonlyMap<DatabaseUser, string>> {
  await makeFolder(options.folder);
  const urls = new Map<DatabaseUser, string>();
  for (const user of DATABASE_USERS) {
    const file = roleUrlFile(options.folder, user);
    const kept = await keptUrl(file);
    const password = kept?.password ?? randomBytes(24).toString('base64url');
    const url = addressOf(options.databaseUrl, roleName(user, options.prefix), password);
    if (kept?.url !== url) await writeSecretFile(file, url); // what is as it should be may lie where nobody can write
    urls.set(user, url);
  }
  return urls;
}

/** Gives each role the password of its file, also where the server knew another one, as after a restore. */
export async function writeRoleUrls(pool: Pool, options: RoleUrlOptions): Promise<ReadonlyMap<DatabaseUser, string>> {
  const urls = await keepRoleUrls(options);
  for (const [user, url] of urls) {
    const verifier = scramVerifier(decodeURIComponent(new URL(url).password), randomBytes(16));
    await pool.query(`alter role ${quoted(roleName(user, options.prefix))} password ${literal(verifier)}`);
  }
  return urls;
}

/** One line, for its owner alone; the file's mode counts for new files only, hence the second step. */
export async function writeSecretFile(file: string, text: string): Promise<void> {
  await writeFile(file, `${text}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

async function keptUrl(file: string): Promise<{ url: string; password: string } | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const url = text.trim();
  const password = URL.canParse(url) ? new URL(url).password : '';
  if (password === '') throw new InvalidRoleUrlError(file);
  return { url, password: decodeURIComponent(password) };
}

function addressOf(databaseUrl: string, role: string, password: string): string {
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.href;
}
