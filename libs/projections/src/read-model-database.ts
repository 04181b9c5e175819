import type { DataSource, DataSourceOptions } from 'typeorm';
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
}

/** Options of the DataSource: nothing is changed behind the migrations' back, and nothing is logged with its parameters. */
export function readModelOptions(database: ReadModelDatabase): DataSourceOptions & { readonly name: string } {
  const { url, schema, entities, migrations, poolSize = 10 } = database;
  return {
    name: READ_MODELS,
    type: 'postgres',
    url,
    schema,
    entities: entities ?? [],
    migrations: migrations ?? [],
    migrationsRun: false,
    migrationsTableName: 'migrations',
    synchronize: false,
    installExtensions: false,
    logging: false,
    poolSize,
    applicationName: `runledger ${schema}`,
  };
}

const LOCK = `hashtext('runledger migrations'), hashtext($1)`;

/**
 * Creates the schema and runs the migrations that are missing, each in its own transaction. Services that start at the same
 * time wait for each other. Returns the names of the migrations that ran now.
 */
export async function migrateReadModels(dataSource: DataSource): Promise<string[]> {
  if (!dataSource.isInitialized) await dataSource.initialize();
  const runner = dataSource.createQueryRunner();
  const schema = schemaOf(dataSource);
  try {
    await runner.query(`SELECT pg_advisory_lock(${LOCK})`, [schema]);
    await runner.query(`CREATE SCHEMA IF NOT EXISTS ${quotedName(schema)}`);
    const done = await dataSource.runMigrations({ transaction: 'each' });
    return done.map(migration => migration.name);
  } finally {
    await runner.query(`SELECT pg_advisory_unlock(${LOCK})`, [schema]);
    await runner.release();
  }
}

function schemaOf(dataSource: DataSource): string {
  const { options } = dataSource;
  return (options.type === 'postgres' && options.schema) || 'public';
}
