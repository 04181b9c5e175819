import { WatchedClient } from '@runledger/event-store';
import type { DataSourceOptions } from 'typeorm';
import { ProjectionState1700000000000 } from './projection-state-table.js';
import { quotedName } from './sql-names.js';

/** Name of the TypeORM DataSource of a service's read models. */
export const READ_MODELS = 'read-models';

export interface ReadModelDatabase {
  readonly url: string;
  /** PostgreSQL schema of the service; its tables and its migrations table live there. */
  readonly schema: string;
  readonly entities: Extract<DataSourceOptions, { type: 'postgres' }>['entities'];
  readonly migrations: Extract<DataSourceOptions, { type: 'postgres' }>['migrations'];
  /** Default 10. */
  readonly poolSize?: number;
  /** PostgreSQL settings of its sessions. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A session that went silent within a transaction is ended by the server: what it holds, the next owner needs (R3). */
const SILENT_TRANSACTION_MS = 10_000;

/**
 * Options of the DataSource: nothing is changed behind the migrations' back, and nothing is logged with its parameters.
 * Tables without a schema are those of `schema`, in migrations and projections too, so that the same code also makes and
 * fills a copy beside (P2).
 */
export function readModelOptions(database: ReadModelDatabase): DataSourceOptions & { readonly name: string } {
  const { url, schema, entities, migrations, poolSize = 10, settings = {} } = database;
  const all = Object.entries({ search_path: quotedName(schema), ...settings });
  return {
    name: READ_MODELS,
    type: 'postgres',
    url,
    schema,
    entities: entities ?? [],
    migrations: [ProjectionState1700000000000, ...migrationList(migrations)],
    migrationsRun: false,
    migrationsTableName: 'migrations',
    synchronize: false,
    installExtensions: false,
    logging: false,
    poolSize,
    applicationName: `runledger ${schema}`,
    extra: {
      Client: WatchedClient,
      options: all.map(([name, value]) => `-c ${name}=${value}`).join(' '),
      idle_in_transaction_session_timeout: SILENT_TRANSACTION_MS,
    },
  };
}

function migrationList(given: ReadModelDatabase['migrations']): readonly (string | NewableFunction)[] {
  const all: readonly unknown[] = Array.isArray(given) ? given : Object.values(given ?? {});
  return all as readonly (string | NewableFunction)[];
}
