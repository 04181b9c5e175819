import type { DataSource } from 'typeorm';
import { quotedName } from '../sql-names.js';

const FOUND = `
  SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND NOT i.indisunique AND NOT i.indisprimary
  ORDER BY c.relname`;

/** Drops the indexes that only readers need, so that filling the tables does not pay for them; returns how to make them. */
export async function postponeIndexes(dataSource: DataSource, tables: readonly string[]): Promise<string[]> {
  const found = await dataSource.query<{ name: string; definition: string }[]>(FOUND, [tables.map(quotedName)]);
  for (const { name } of found) await dataSource.query(`DROP INDEX ${quotedName(name)}`);
  return found.map(({ definition }) => definition);
}

/** Makes those that are not there yet. */
export async function makePostponedIndexes(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ indexes: string[] }[]>('SELECT indexes FROM copy_progress');
  for (const definition of row?.indexes ?? []) {
    await dataSource.query(definition.replace(/^CREATE INDEX /, 'CREATE INDEX IF NOT EXISTS '));
  }
}
