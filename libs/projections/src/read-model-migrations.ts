import { NewerSchemaError, OutdatedSchemaError } from '@runledger/event-store';
import type { MigrationReport } from '@runledger/event-store';
import type { DataSource, QueryRunner } from 'typeorm';
import { quotedName } from './sql-names.js';

const LOCK = `hashtext('runledger migrations'), hashtext($1)`;

/**
 * Creates the schema and runs the migrations that are missing, each in its own transaction. Services that start at the same
 * time wait for each other; a schema that is up to date is only looked at. Returns the names of the migrations that ran now.
 * Throws `NewerSchemaError` when a newer program has been here, `OutdatedSchemaError` when this role may not migrate.
 */
export async function migrateReadModels(
  dataSource: DataSource,
  report: MigrationReport = () => undefined,
): Promise<string[]> {
  if (!dataSource.isInitialized) await dataSource.initialize();
  const schema = schemaOf(dataSource);
  const missing = await missingMigrations(dataSource);
  const done = missing.length === 0 ? [] : await migrateAlone(dataSource, report).catch(deniedIsOutdated(dataSource));
  report(`${schema}: up to date at ${lastName(dataSource)}`);
  return done;
}

/** Throws `OutdatedSchemaError` or `NewerSchemaError` unless all migrations have run. Changes nothing. */
export async function checkReadModels(dataSource: DataSource): Promise<void> {
  if (!dataSource.isInitialized) await dataSource.initialize();
  const missing = await missingMigrations(dataSource);
  if (missing.length > 0) throw outdated(dataSource, missing);
}

async function migrateAlone(dataSource: DataSource, report: MigrationReport): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  const schema = schemaOf(dataSource);
  try {
    await lockOut(runner, schema, report);
    if (!(await runner.hasSchema(schema))) await runner.query(`CREATE SCHEMA ${quotedName(schema)}`);
    const done = (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name);
    for (const name of done) report(`${schema}: ${name} applied`);
    return done;
  } finally {
    await runner.query(`SELECT pg_advisory_unlock(${LOCK})`, [schema]);
    await runner.release();
  }
}

async function lockOut(runner: QueryRunner, schema: string, report: MigrationReport): Promise<void> {
  const [row] = (await runner.query(`SELECT pg_try_advisory_lock(${LOCK}) AS got`, [schema])) as { got: boolean }[];
  if (row?.got) return;
  report(`${schema}: another process is migrating it; waiting for it to end`);
  await runner.query(`SELECT pg_advisory_lock(${LOCK})`, [schema]);
}

async function missingMigrations(dataSource: DataSource): Promise<string[]> {
  const schema = schemaOf(dataSource);
  const known = namesOf(dataSource);
  const applied = await appliedMigrations(dataSource, schema);
  const unknown = applied.filter(name => !known.includes(name));
  if (unknown.length > 0) throw new NewerSchemaError(schema, unknown.join(', '), known.at(-1) ?? 'none');
  return known.filter(name => !applied.includes(name));
}

async function appliedMigrations(dataSource: DataSource, schema: string): Promise<string[]> {
  const found: unknown[] = await dataSource.query(
    `SELECT FROM pg_class WHERE relname = 'migrations' AND relnamespace = to_regnamespace($1)`,
    [quotedName(schema)],
  );
  if (found.length === 0) return [];
  const rows: { name: string }[] = await dataSource.query(
    `SELECT name FROM ${quotedName(schema)}.migrations ORDER BY timestamp`,
  );
  return rows.map(({ name }) => name);
}

function deniedIsOutdated(dataSource: DataSource) {
  return async (error: unknown): Promise<never> => {
    if ((error as { code?: unknown } | null)?.code !== '42501') throw error;
    throw outdated(dataSource, await missingMigrations(dataSource), error);
  };
}

function outdated(dataSource: DataSource, missing: readonly string[], cause?: unknown): OutdatedSchemaError {
  const applied = namesOf(dataSource).filter(name => !missing.includes(name));
  return new OutdatedSchemaError(schemaOf(dataSource), applied.at(-1) ?? 'none', lastName(dataSource), cause);
}

function lastName(dataSource: DataSource): string {
  return namesOf(dataSource).at(-1) ?? 'none';
}

function namesOf(dataSource: DataSource): string[] {
  return dataSource.migrations.map(migration => migration.name ?? migration.constructor.name);
}

function schemaOf(dataSource: DataSource): string {
  const { options } = dataSource;
  return (options.type === 'postgres' && options.schema) || 'public';
}
