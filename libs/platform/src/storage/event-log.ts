import { createEventStoreDbStore, createPostgresEventStore, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import type { Pool } from 'pg';
import { EventStoreUnusableError } from './storage-errors.js';
import type { StorageConfig } from './storage.config.js';

export interface EventLogParts {
  readonly config: StorageConfig['eventStore'];
  /** Of the database that holds the checkpoints, and the log when it is in PostgreSQL. */
  readonly databaseUrl: string;
  /** On the same database, whose tables are up to date. */
  readonly pool: Pool;
  readonly onProblem: (error: Error) => void;
}

export interface EventLog {
  readonly store: EventStore;
  readonly checkpoints: SharedCheckpoints;
  /** Where it is, for people; without secrets. */
  readonly place: string;
}

/** Opens the log where the configuration has it, and the checkpoints that speak of it. */
export async function openEventLog({ config, databaseUrl, pool, onProblem }: EventLogParts): Promise<EventLog> {
  switch (config.kind) {
    case 'postgres': {
      const store = createPostgresEventStore({ connectionString: databaseUrl, onProblem });
      return { store, checkpoints: new PostgresCheckpoints(pool), place: 'PostgreSQL' };
    }
    case 'eventstoredb': {
      const store = createEventStoreDbStore({ connectionString: config.connectionString, onProblem });
      await requireAnswer(store, config.connectionString);
      return { store, checkpoints: new PostgresCheckpoints(pool, { log: store }), place: 'EventStoreDB' };
    }
  }
}

/** Better to hear at the start that the store is not there, by the name of what has to be corrected. */
async function requireAnswer(store: EventStore, connectionString: string): Promise<void> {
  try {
    await store.identity();
  } catch (error) {
    await store.close();
    throw new EventStoreUnusableError(connectionString, error);
  }
}
