import { CommandHandler } from '@runledger/event-store';
import { AccessDesk } from '@runledger/gateway';
import { createLog, lockHome, OrderlyEnd, systemClock } from '@runledger/platform';
import { ownerAccess } from '../owner-access.js';
import type { OwnerAccess } from '../owner-access.js';
import { gatewayPepper, makeSecrets } from '../services/secrets.js';
import { openStorage } from '../storage.js';
import type { Storage } from '../storage.js';
import { seatEnvironment } from './cluster.config.js';
import type { ClusterConfig, Seat } from './cluster.config.js';
import { openDatabaseAccess } from './database-access.js';
import type { DatabaseUrlOf } from './database-access.js';
import { prepareClusterSample } from './cluster-sample.js';
import { allotSeats, apiUrl, ClusterProcesses } from './cluster-processes.js';
import { MembersFile } from './members-file.js';
import type { Member } from './members-file.js';
import { Replica } from './replica.js';

/** An embedded server writes down what it holds before it ends. */
const STORAGE_WITHIN_MS = 60_000;
/** Each process of the three groups has a shorter bound of its own. */
const PROCESSES_WITHIN_MS = 100_000;

/** A cluster on this machine that answers. */
export interface Cluster {
  /** Of the first gateway. */
  readonly url: string;
  readonly token: string;
  /** How the database was found: started, adopted or external. */
  readonly database: string;
  /** Where the log is and how it reaches its followers. */
  readonly log: string;
  /** The processes that live now. */
  members(): readonly Member[];
  /** Replaces every process, one after the other; nothing that is under way is lost. */
  restart(): Promise<void>;
  /** Ends every process in order, then what they stood on. May be called again. */
  stop(): Promise<void>;
}

export interface ClusterWatcher {
  readonly print: (line: string) => void;
  /** The cluster cannot go on by itself: stop it. */
  readonly onLost: (error: unknown) => void;
  /** Fires when a start is not wanted any more: it ends soon, with a cluster that only is to be stopped. */
  readonly ending: AbortSignal;
}

/** Starts every service in processes of its own. Whatever fails, what was started until then is ended again. */
export async function startCluster(config: ClusterConfig, watcher: ClusterWatcher): Promise<Cluster> {
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const log = createLog({ level: config.logLevel, service: 'cluster', destination });
  const ending = new OrderlyEnd(log);
  try {
    const lock = await lockHome(config.home);
    ending.add('home lock', () => lock.release());
    const file = await membersFile(config.home, watcher);
    ending.add('members file', () => file.remove());
    const storage = await openStorage(config, log, watcher.onLost);
    ending.add('storage', () => storage.close(), STORAGE_WITHIN_MS);
    const databaseUrlOf = await openDatabaseAccess(config, storage, log);
    const access = await prepareInstallation(config, storage);
    const seats = await allotSeats(config);
    const processes = launch(config, { seats, databaseUrlOf, file, watcher });
    ending.add('processes', () => processes.stop(), PROCESSES_WITHIN_MS);
    await startedUnless(watcher.ending, processes);
    const url = urlOf(seats, config);
    if (config.sample && !watcher.ending.aborted) {
      await prepareClusterSample({ home: config.home, seats, access, url });
    }
    return {
      url,
      token: access.token,
      database: storage.postgres.started,
      log: storage.logPlace,
      members: () => processes.members(config.host),
      restart: () => processes.restartAll(({ name, pid }) => watcher.print(`${name} was replaced (pid ${pid}).`)),
      stop: () => ending.end(),
    };
  } catch (error) {
    await ending.end();
    throw error;
  }
}

/** Of the first gateway. */
function urlOf(seats: readonly Seat[], { host }: ClusterConfig): string {
  const gateway = seats.find(({ service }) => service === 'gateway');
  return gateway ? apiUrl(gateway, host) : '';
}

/** Processes that do not get ready are not waited for by somebody who has pressed Ctrl-C. */
async function startedUnless(ending: AbortSignal, processes: ClusterProcesses): Promise<void> {
  const giveUp = () => void processes.stop();
  ending.addEventListener('abort', giveUp);
  if (!ending.aborted) await processes.start();
  ending.removeEventListener('abort', giveUp);
}

async function membersFile(home: string, { print }: ClusterWatcher): Promise<MembersFile> {
  const file = new MembersFile(home);
  const left = await file.clear();
  if (left > 0) print(`${left} processes of a supervisor that was killed have ended.`);
  return file;
}

/** Secrets and the owner, once. */
async function prepareInstallation({ home }: ClusterConfig, { store }: Storage): Promise<OwnerAccess> {
  await makeSecrets(home);
  const pepper = await gatewayPepper(home);
  const readModels = { reach: () => Promise.resolve() }; // nobody reads yet
  return ownerAccess(new AccessDesk(new CommandHandler(store), systemClock, { pepper }, readModels), home);
}

interface Launch {
  readonly seats: readonly Seat[];
  readonly databaseUrlOf: DatabaseUrlOf;
  readonly file: MembersFile;
  readonly watcher: ClusterWatcher;
}

function launch(config: ClusterConfig, { seats, databaseUrlOf, file, watcher }: Launch): ClusterProcesses {
  const { print, onLost } = watcher;
  const note = () => void file.write(processes.members(config.host)).catch(onLost);
  const watching = {
    started: ({ name, pid }: Replica, again: boolean) => {
      if (again) print(`${name} was started again (pid ${pid}).`);
      note();
    },
    ended: ({ name }: Replica, how: string) => print(`${name} ended unasked: ${how}.`),
    waiting: ({ name }: Replica, words: string) => print(`${name} is not ready yet; it says: ${words}`),
    broken: ({ name }: Replica, how: string) => print(`${name} did not end as it should: ${how}.`),
  };
  const environmentOf = (seat: Seat) =>
    seatEnvironment(seat, { config, databaseUrl: databaseUrlOf(seat.service), seats });
  const replicas = seats.map(seat => new Replica(seat, environmentOf(seat), watching));
  const processes = new ClusterProcesses(replicas);
  return processes;
}
