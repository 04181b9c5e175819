import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@runledger/kernel';
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
export function roleUrlFile(folder: string, user: DatabaseUser): string {
  return join(folder, `${user}.url`);
}

/**
 * Sees to it that each role has a password, and that `folder` holds the DATABASE_URL of each in a file `<user>.url` (mode
 * 0600). A file that is there is believed: its password is set again, so that a restored server knows it. Returns the
 * addresses: never log them.
 */
export async function writeRoleUrls(
  pool: Pool,
  options: { readonly folder: string; readonly databaseUrl: string; readonly prefix?: string },
): Promise<ReadonlyMap<DatabaseUser, string>> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const urls = new Map<DatabaseUser, string>();
  for (const user of DATABASE_USERS) {
    const role = roleName(user, options.prefix);
    const file = roleUrlFile(options.folder, user);
    const password = (await keptPassword(file)) ?? randomBytes(24).toString('base64url');
    const verifier = scramVerifier(password, randomBytes(16));
    await pool.query(`alter role ${quoted(role)} password ${literal(verifier)}`);
    const url = addressOf(options.databaseUrl, role, password);
    await writeFile(file, `${url}\n`, { mode: 0o600 });
    await chmod(file, 0o600); // the mode above counts for new files only
    urls.set(user, url);
  }
  return urls;
}

async function keptPassword(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const url = text.trim();
  const password = URL.canParse(url) ? new URL(url).password : '';
  if (password === '') throw new InvalidRoleUrlError(file);
  return decodeURIComponent(password);
}

function addressOf(databaseUrl: string, role: string, password: string): string {
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.href;
}
