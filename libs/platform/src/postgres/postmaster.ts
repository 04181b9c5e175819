import { spawn } from 'node:child_process';
import { existsSync, openSync, closeSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lastingPorts } from '../processes/lasting-ports.js';
import { identityOf } from '../processes/process-identity.js';
import { answersOn } from './answers.js';
import type { PostgresBinaries } from './binaries.js';
import type { ClusterFolder } from './cluster.js';
import { lastPort } from './last-port.js';
import { PostgresFailedError } from './postgres-errors.js';
import { commandOf, SERVER_ENVIRONMENT } from './server-account.js';
import type { ServerAccount } from './server-account.js';

/** A server that answers on loopback. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Folder of its Unix socket, when it has one. */
  readonly sockets?: string;
}

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 20_000;
/** How soon a connection usually sees that its server is gone, many times over. */
const NOTICED_WITHIN_MS = 3_000;
const LOG_BYTES = 8_000_000;

/** The server of this cluster if it lives, once it is ready; clears away what a killed one left in the way. */
export async function findPostmaster(folder: ClusterFolder): Promise<Postmaster | undefined> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    const file = readPidFile(folder);
    if (!file) return undefined;
    if (!isServerOf(folder, file.pid)) return buryServer(folder, file);
    // One that is being killed this moment is still listed as ready, but does not answer any more.
    if (file.ready && (await answersOn(file.port))) return serverOf(file);
    await delay(10);
  }
  throw new PostgresFailedError('is alive but does not answer', folder.dataDir, await endOfLog(folder));
}

/**
 * Starts the server in its own session, so that neither Ctrl-C nor the death of this process takes it along. On the port that it
 * had before or another free one, unless the settings name one.
 */
export async function launchPostmaster(
  folder: ClusterFolder,
  binaries: PostgresBinaries,
  account: ServerAccount,
  settings: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  await rotateLog(folder);
  const deadline = Date.now() + READY_WITHIN_MS;
  for (let known = await lastPort(folder); ; known = undefined) {
    const [port] = known === undefined ? await lastingPorts(1, '127.0.0.1') : [known];
    const started = await tryLaunch(folder, binaries, account, { port: String(port), ...settings });
    if (started) return started;
    const log = await endOfLog(folder);
    // Another program took the port in between, or the last connections of a killed server are still ending.
    const passing = /could not bind|Address already in use|pre-existing shared memory/.test(log);
    if (!passing || Date.now() > deadline) throw new PostgresFailedError('did not start', folder.dataDir, log);
    await delay(100);
  }
}

/** Ends the server, connections included, and returns when it is gone. */
export async function haltPostmaster(folder: ClusterFolder, pid: number): Promise<void> {
  // Fast shutdown first: it writes a checkpoint. If that hangs, the immediate one, which recovers at the next start.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isServerOf(folder, pid)) return;
    process.kill(pid, signal);
    const deadline = Date.now() + STOPPED_WITHIN_MS;
    while (isServerOf(folder, pid) && Date.now() < deadline) await delay(5);
  }
  if (isServerOf(folder, pid)) {
    throw new PostgresFailedError(`(process ${pid}) did not stop`, folder.dataDir, await endOfLog(folder));
  }
}

async function tryLaunch(
  folder: ClusterFolder,
  binaries: PostgresBinaries,
  account: ServerAccount,
  settings: Readonly<Record<string, string>>,
): Promise<Postmaster | undefined> {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program, args] = commandOf(account, binaries.postgres, ['-D', folder.cluster, ...options]);
  const log = openSync(folder.log, 'a', 0o600);
  const child = spawn(program, args, {
    cwd: folder.dataDir,
    env: SERVER_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', log, log],
    ...account.user,
  });
  closeSync(log);
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  child.unref();
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!ended && Date.now() < deadline) {
    const file = readPidFile(folder);
    if (file?.ready && file.pid === child.pid) return serverOf(file);
    await delay(5);
  }
  if (!ended) child.kill('SIGQUIT');
  return undefined;
}

interface PidFile {
  readonly pid: number;
  readonly port: number;
  /** The empty text when there is none. */
  readonly sockets: string;
  readonly ready: boolean;
}

function serverOf({ pid, port, sockets }: PidFile): Postmaster {
  return { pid, port, ...(sockets === '' ? {} : { sockets }) };
}

/** PostgreSQL's own format: line 1 process, line 4 port, line 5 folder of the Unix socket, line 8 status. */
function readPidFile(folder: ClusterFolder): PidFile | undefined {
  const path = join(folder.cluster, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    const [pid, , , port, sockets = '', , , status] = lines;
    return { pid: Number(pid), port: Number(port), sockets, ready: status?.trim() === 'ready' };
  } catch {
    return undefined; // removed between the two calls
  }
}

/** Lives, and works in this cluster: a number that another program got in the meantime does not count. */
function isServerOf(folder: ClusterFolder, pid: number): boolean {
  if (pid <= 0 || !identityOf(pid)) return false;
  return process.platform !== 'linux' || workingFolder(pid) === realpathSync(folder.cluster);
}

/**
 * PostgreSQL clears a dead server's file by itself and checks that none of its connections lives on. It cannot do so
 * when the number is still taken, by a zombie or by another program: only then the file is removed here, once no
 * connection works in the cluster any more. Connections end by themselves when their server is gone; one that does not
 * notice is ended, as the recovery of the next start counts on.
 */
async function buryServer(folder: ClusterFolder, { pid, port, sockets }: PidFile): Promise<undefined> {
  const deadline = Date.now() + STOPPED_WITHIN_MS;
  const patience = Date.now() + NOTICED_WITHIN_MS;
  for (let left = connectionsOf(folder); left.length > 0; left = connectionsOf(folder)) {
    if (Date.now() > deadline) {
      throw new PostgresFailedError('was killed, but its connections live on', folder.dataDir, await endOfLog(folder));
    }
    if (Date.now() > patience) left.forEach(endAtOnce);
    await delay(20);
  }
  if (isTaken(pid)) await rm(join(folder.cluster, 'postmaster.pid'), { force: true });
  if (sockets === '') return;
  // The next one has another socket when it has another port, and would leave these for ever.
  for (const end of ['.lock', '']) await rm(join(sockets, `.s.PGSQL.${port}${end}`), { force: true });
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function connectionsOf(folder: ClusterFolder): number[] {
  if (process.platform !== 'linux') return [];
  const cluster = realpathSync(folder.cluster);
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return pids.map(Number).filter(pid => workingFolder(pid) === cluster && isPostgres(pid) && identityOf(pid));
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A person's shell may stand in the same folder. */
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
  } catch {
    return false; // gone
  }
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // gone, or another user's
  }
}

async function endOfLog(folder: ClusterFolder): Promise<string> {
  const log = await readFile(folder.log, 'utf8').catch(() => '');
  return log.slice(-2_000);
}

async function rotateLog(folder: ClusterFolder): Promise<void> {
  const size = await stat(folder.log).then(
    found => found.size,
    () => 0,
  );
  if (size > LOG_BYTES) await rename(folder.log, `${folder.log}.1`);
}
