import type { EntityManager } from 'typeorm';
import { quotedName, quotedTable } from './sql-names.js';

/** Writable columns of a table with their SQL types, as the database has them. */
export type TableShape = ReadonlyMap<string, string>;

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  ORDER BY a.attnum`;

/** Asks each database once for each table: shapes change by migrations only, and those run before projections start. */
export class TableShapes {
  readonly #known = new WeakMap<object, Map<string, TableShape>>();

  async of(table: string, rows: EntityManager): Promise<TableShape> {
    const known = this.#known.get(rows.dataSource) ?? new Map<string, TableShape>();
    this.#known.set(rows.dataSource, known);
    const shape = known.get(table) ?? (await this.#read(table, rows));
    known.set(table, shape);
    return shape;
  }

  async #read(table: string, rows: EntityManager): Promise<TableShape> {
    const columns = await rows.query<{ name: string; type: string }[]>(COLUMNS, [quotedTable(table)]);
    return new Map(columns.map(({ name, type }) => [name, type]));
  }
}

/** `"a" text, "b" timestamp with time zone`: the record that JSON rows are read as. */
export function recordOf(shape: TableShape): string {
  return [...shape].map(([name, type]) => `${quotedName(name)} ${type}`).join(', ');
}
