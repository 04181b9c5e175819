import { hostname } from 'node:os';
import { join } from 'node:path';
import { migrateEventStore } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { Distribution, RunningConsumer } from '@runledger/messaging';
import { openBlobs, openPostgres, servicePool } from '@runledger/platform';
import type { BlobStores, CheckResult, Log, OpenedPostgres } from '@runledger/platform';
import { openEventCarrier, openEventLog } from '@runledger/platform/storage';
import type { EventCarrier, EventLog, StorageConfig } from '@runledger/platform/storage';
import type { Pool } from 'pg';
import { checkDatabase } from './database/migrate-database.js';
import { requireServer } from './database/server-version.js';
import { DatabaseUnusableError } from './start-errors.js';

/** What a process needs to know to open the storage. */
export interface StorageSettings {
  /** The data directory. */
  readonly home: string;
  /** Undefined: the embedded server in the data directory. */
  readonly databaseUrl?: string;
  readonly storage: StorageConfig;
}

/** Everything that outlives the process, opened. Closing it ends an embedded server. */
export interface Storage {
  readonly postgres: OpenedPostgres;
  readonly pool: Pool;
  readonly store: EventStore;
  readonly checkpoints: SharedCheckpoints;
  readonly blobs: BlobStores;
  /** What reactors, projections and subscriptions follow. They must have ended before the storage is closed. */
  readonly distribution: Distribution;
  /** For health, by name: what may be wrong beside the store itself. */
  readonly checks: Readonly<Record<string, () => CheckResult>>;
  /** Where the log is and how it reaches its followers, for people. */
  readonly logPlace: string;
  /**
   * Starts what brings the log to Kafka and answers it; undefined when readers need none. Every process may: one of them is on
   * duty at a time. It ends with the storage, unless it was stopped before.
   */
  startRelay(): Promise<RunningConsumer | undefined>;
  close(): Promise<void>;
}

/** `onLost` hears of an embedded server that ended and could not be started again: nothing works any more then. */
export async function openStorage(
  settings: StorageSettings,
  log: Log,
  onLost: (error: unknown) => void,
): Promise<Storage> {
  const ending: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ending.splice(0).reverse()) await end();
  };
  let closing = false;
  // While we close, a server that is ended may be faster than a connection that is. The error itself holds the whole client.
  const tell = (error: Error, message: string) => {
    if (!closing) log.warn({ reason: error.message }, message);
  };
  try {
    const { postgres, pool } = await openDatabase(settings, { log, tell, onLost, ending });
    const eventLog = await openEventLog({
      config: settings.storage.eventStore,
      databaseUrl: postgres.url,
      pool,
      onProblem: error => tell(error, 'The event store failed in passing and is asked again.'),
    });
    ending.push(() => eventLog.store.close());
    const carrier = await openEventCarrier(settings.storage.distribution, eventLog.store, log);
    ending.push(() => carrier.close());
    return {
      postgres,
      pool,
      ...openedParts(eventLog, carrier),
      blobs: await openBlobs(settings.storage.blobs ?? { kind: 'directory', root: join(settings.home, 'blobs') }),
      close: () => {
        closing = true;
        return close();
      },
    };
  } catch (error) {
    closing = true;
    await close();
    throw error;
  }
}

function openedParts({ store, checkpoints, place }: EventLog, carrier: EventCarrier) {
  const owner = `${hostname()}:${process.pid}`;
  return {
    store,
    checkpoints,
    distribution: carrier.distribution,
    checks: carrier.check === undefined ? {} : { distribution: carrier.check },
    logPlace: `${place}, ${carrier.place}`,
    startRelay: () => carrier.startRelay({ checkpoints, owner }),
  };
}

interface Opening {
  readonly log: Log;
  readonly tell: (error: Error, message: string) => void;
  readonly onLost: (error: unknown) => void;
  readonly ending: (() => Promise<unknown>)[];
}

async function openDatabase({ home, databaseUrl, storage }: StorageSettings, { log, tell, onLost, ending }: Opening) {
  const postgres = await openPostgres({ dataDir: join(home, 'postgres'), databaseUrl });
  ending.push(() => postgres.stop());
  postgres.keepRunning({
    restarted: pid => log.warn({ pid }, 'The embedded PostgreSQL had ended and was started again.'),
    lost: onLost,
  });
  const pool = servicePool({ connectionString: postgres.url, max: 10, application_name: 'runledger services' }, error =>
    tell(error, 'A database connection broke and will be made again.'),
  );
  ending.push(() => pool.end());
  try {
    await requireServer(pool);
    await (storage.migrates ? migrateEventStore(pool) : checkDatabase(pool, postgres.url));
  } catch (error) {
    const isOurs = postgres.started !== 'external' || error instanceof Fault;
    throw isOurs ? error : new DatabaseUnusableError(postgres.url, error);
  }
  return { postgres, pool };
}
