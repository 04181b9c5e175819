import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { acquireTicketLock, isLock } from '../processes/ticket-lock.js';
import { postgresBinaries } from './binaries.js';
import { clusterFolder, ensureCluster, readPassword, SUPERUSER } from './cluster.js';
import type { ClusterFolder } from './cluster.js';
import { EmbeddedServer } from './embedded-server.js';
import type { ServerWatcher } from './embedded-server.js';
import { PostgresFailedError } from './postgres-errors.js';
import { findPostmaster, haltPostmaster, launchPostmaster } from './postmaster.js';
import type { Postmaster } from './postmaster.js';
import { handOver, serverAccount } from './server-account.js';
import { makeFolder } from '../home/make-folder.js';

export interface OpenPostgresOptions {
  /** Folder of the embedded server; made (mode 0700) when absent. */
  readonly dataDir: string;
  /** A server of one's own: it is used as it is, nothing is started and nothing stopped. */
  readonly databaseUrl?: string | undefined;
  /** PostgreSQL settings for a server that is started, over the defaults here. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface OpenedPostgres {
  /**
   * Holds the password: never log it. To an embedded server it leads through a Unix socket where there is one, by the parameter
   * `host`; whoever does not know that parameter goes by loopback.
   */
  readonly url: string;
  /** `adopted`: it was running, left by a process that was killed or started by another one. */
  readonly started: 'started' | 'adopted' | 'external';
  /** Of the embedded server as it was found or started. */
  readonly pid?: number;
  /**
   * From now on an embedded server that ends unasked is started again, on the same address, until `stop`. Does nothing to an
   * external one.
   */
  keepRunning(watcher: ServerWatcher): void;
  /** Ends an embedded server, whoever started it; does nothing to an external one. May be called again. */
  stop(): Promise<void>;
}

const DEFAULTS = {
  listen_addresses: '127.0.0.1',
  // A cluster of two replicas each opens up to 272, and those of a process that was killed stay for a moment.
  max_connections: '400',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

const LOCK_WITHIN_MS = 90_000;

/**
 * A PostgreSQL server to work with: the given one, or an embedded one that is adopted when it runs, recovered when it was
 * killed, made when there is none. Safe to call from several processes at once: one starts it, the others adopt it.
 * Throws `PostgresMissingError` or {@link PostgresFailedError}.
 */
export async function openPostgres(options: OpenPostgresOptions): Promise<OpenedPostgres> {
  if (options.databaseUrl !== undefined) {
    const url = options.databaseUrl;
    return { url, started: 'external', keepRunning: () => undefined, stop: () => Promise.resolve() };
  }
  const folder = clusterFolder(resolve(options.dataDir));
  await makeFolder(folder.dataDir);
  const settings = options.settings ?? {};
  return alone(folder, async () => {
    const running = existsSync(folder.cluster) ? await findPostmaster(folder) : undefined;
    const first = running ?? (await start(folder, settings));
    const again = { ...settings, port: String(first.port) };
    const server = new EmbeddedServer(first, {
      startAgain: () => alone(folder, async () => (await findPostmaster(folder)) ?? start(folder, again)),
      halt: pid => alone(folder, () => haltPostmaster(folder, pid)),
    });
    return {
      url: urlOf(first, await readPassword(folder)),
      started: running ? 'adopted' : 'started',
      pid: first.pid,
      keepRunning: watcher => server.keepRunning(watcher),
      stop: () => server.stop(),
    };
  });
}

/**
 * Where the embedded server of another process is reached; undefined when none runs in `dataDir`. Nothing is started. Holds the
 * password: never log it.
 */
export async function runningPostgres(dataDir: string): Promise<string | undefined> {
  const folder = clusterFolder(resolve(dataDir));
  if (!existsSync(folder.cluster)) return undefined;
  const running = await alone(folder, () => findPostmaster(folder));
  return running && urlOf(running, await readPassword(folder));
}

async function start(folder: ClusterFolder, settings: Readonly<Record<string, string>>): Promise<Postmaster> {
  const binaries = await postgresBinaries();
  const account = serverAccount();
  await ensureCluster(folder, binaries, account);
  handOver(folder.dataDir, account);
  const sockets = { unix_socket_directories: socketFolder(folder) };
  return launchPostmaster(folder, binaries, account, { ...DEFAULTS, ...sockets, ...settings });
}

/** Longest path of a Unix socket, in bytes: `sun_path` of Linux has 108, of others 104, the final zero included. */
const SOCKET_PATH_BYTES = 103;

/**
 * The data folder, which nobody else may enter. A Unix socket takes half of what loopback costs both sides, in which every packet
 * goes through the whole of TCP. Quoted, for it is a list. The empty text, none, where a path is too long or the system has none.
 */
function socketFolder({ dataDir }: ClusterFolder): string {
  const fits = Buffer.byteLength(`${dataDir}/.s.PGSQL.65535`) <= SOCKET_PATH_BYTES;
  return process.platform === 'win32' || !fits ? '' : `"${dataDir.replaceAll('"', '""')}"`;
}

function urlOf({ port, sockets }: Postmaster, password: string): string {
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
  return sockets === undefined ? url : `${url}?host=${encodeURIComponent(sockets)}`;
}

/** Nobody else starts or stops this server meanwhile. */
async function alone<T>(folder: ClusterFolder, work: () => Promise<T>): Promise<T> {
  const lock = await acquireTicketLock(folder.lock, LOCK_WITHIN_MS);
  if (!isLock(lock))
    throw new PostgresFailedError(`is being started or stopped by process ${lock.pid}`, folder.dataDir, '');
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
