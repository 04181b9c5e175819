import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How to start PostgreSQL programs so that they do not see themselves as root, which they refuse. */
export interface ServerAccount {
  /** Put before program and arguments. */
  readonly prefix: readonly string[];
  /** The user to become; undefined to stay the same. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Nothing of this process's environment reaches the server: PG* variables would change what it does. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };

const UNSHARE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'] as const;

/**
 * Not root: as it is. Root: in a user namespace of its own, where the same files belong to user 1000, so that no account
 * is needed and private folders stay reachable. Where namespaces are forbidden: as `postgres` or `nobody`.
 */
export function serverAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return { prefix: [] };
  if (canUnshare()) return { prefix: UNSHARE };
  return { prefix: [], user: findUser(['postgres', 'nobody']) };
}

/** Gives the folder and all in it to the account, when that is somebody else than now. */
export function handOver(folder: string, account: ServerAccount): void {
  const uid = account.user?.uid ?? process.getuid?.() ?? 0;
  const gid = account.user?.gid ?? process.getgid?.() ?? 0;
  if (!account.user && statSync(folder).uid === uid) return;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, entry), uid, gid);
  chownSync(folder, uid, gid);
}

/** Program and arguments that run `program` in this account. */
export function commandOf(
  account: ServerAccount,
  program: string,
  args: readonly string[],
): readonly [string, string[]] {
  const [first, ...rest] = [...account.prefix, program];
  return [first ?? program, [...rest, ...args]];
}

function canUnshare(): boolean {
  try {
    const [program, ...flags] = UNSHARE;
    execFileSync(program, [...flags, 'true'], { stdio: 'ignore', env: SERVER_ENVIRONMENT });
    return true;
  } catch {
    return false; // no such program, or the kernel or a seccomp profile forbids it
  }
}

function findUser(names: readonly string[]): { readonly uid: number; readonly gid: number } {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of names) {
    const [, , uid, gid] = accounts.find(line => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}
