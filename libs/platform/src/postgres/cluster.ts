import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.js';
import { PostgresFailedError } from './postgres-errors.js';
import { commandOf, handOver, SERVER_ENVIRONMENT } from './server-account.js';
import type { ServerAccount } from './server-account.js';
import { makeFolder } from '../home/make-folder.js';

const run = promisify(execFile);

/** The files of one embedded server: `<dataDir>/{cluster,password,postgres.log,lock}`. */
export interface ClusterFolder {
  readonly dataDir: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly log: string;
  readonly lock: string;
}

export function clusterFolder(dataDir: string): ClusterFolder {
  return {
    dataDir,
    cluster: join(dataDir, 'cluster'),
    passwordFile: join(dataDir, 'password'),
    log: join(dataDir, 'postgres.log'),
    lock: join(dataDir, 'lock'),
  };
}

export const SUPERUSER = 'runledger';

/**
 * Makes the cluster when it is not there. It is built beside its place and moved there when complete, so a cluster that
 * exists is whole, whenever the making was interrupted.
 */
export async function ensureCluster(
  folder: ClusterFolder,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<void> {
  if (existsSync(folder.cluster)) return handOver(folder.dataDir, account);
  const unfinished = `${folder.cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await makeFolder(folder.dataDir);
  await chmod(folder.dataDir, 0o700);
  // 256 random bits: loopback is open to every user and to untrusted work, so there is a password even there.
  await writeFile(folder.passwordFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  handOver(folder.dataDir, account);
  await initialise(folder, unfinished, binaries, account);
  await rename(unfinished, folder.cluster);
}

export async function readPassword(folder: ClusterFolder): Promise<string> {
  return (await readFile(folder.passwordFile, 'utf8')).trim();
}

async function initialise(
  folder: ClusterFolder,
  target: string,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<void> {
  const [program, args] = commandOf(account, binaries.initdb, [
    `--pgdata=${target}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${folder.passwordFile}`,
    '--auth=scram-sha-256',
    '--set=scram_iterations=1', // the password is random: stretching it would only slow connections down
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ]);
  try {
    await run(program, args, { cwd: folder.dataDir, env: SERVER_ENVIRONMENT, ...account.user });
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { readonly stdout?: string; readonly stderr?: string };
    throw new PostgresFailedError('could not be initialised', folder.dataDir, stdout + stderr, cause);
  }
}
