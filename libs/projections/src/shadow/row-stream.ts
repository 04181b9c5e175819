import type { EntityManager } from 'typeorm';
import { quotedName } from '../sql-names.js';

/** One row by its key (its key columns as JSON text) and the MD5 of all its columns. */
export interface RowPrint {
  readonly key: string;
  readonly print: string;
}

/** How the rows of a table are told apart and compared. */
export interface RowShape {
  readonly columns: readonly string[];
  /** Of the primary key; of a table without one all columns. */
  readonly keys: readonly string[];
}

const PAGE_ROWS = 5_000;

const SHAPE = `
  SELECT a.attname AS name, coalesce(a.attnum = ANY (i.indkey), false) AS is_key
  FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attname`;

export async function rowShape(table: string, rows: EntityManager): Promise<RowShape> {
  const found = await rows.query<{ name: string; is_key: boolean }[]>(SHAPE, [quotedName(table)]);
  const columns = found.map(({ name }) => name);
  const keys = found.filter(({ is_key }) => is_key).map(({ name }) => name);
  return { columns, keys: keys.length > 0 ? keys : columns };
}

const keyOf = ({ keys }: RowShape) => `json_build_array(${keys.map(name => `t.${quotedName(name)}`).join(', ')})::text`;

/** Every row of the table by key, in the order of the keys' bytes; within the transaction of `rows`. */
export async function* rowPrints(table: string, shape: RowShape, rows: EntityManager): AsyncGenerator<RowPrint, void> {
  const columns = shape.columns.map(name => `t.${quotedName(name)}`).join(', ');
  await rows.query(`DECLARE prints NO SCROLL CURSOR FOR
    SELECT ${keyOf(shape)} AS key, md5(ROW(${columns})::text) AS print FROM ${quotedName(table)} t
    ORDER BY ${keyOf(shape)} COLLATE "C"`);
  try {
    for (;;) {
      const page = await rows.query<RowPrint[]>(`FETCH ${PAGE_ROWS} FROM prints`);
      yield* page;
      if (page.length < PAGE_ROWS) return;
    }
  } finally {
    await rows.query('CLOSE prints');
  }
}

/** The columns of these rows as text, by key. */
export async function rowsByKey(
  table: string,
  shape: RowShape,
  keys: readonly string[],
  rows: EntityManager,
): Promise<Map<string, Readonly<Record<string, string | null>>>> {
  const columns = shape.columns.map(name => `'${name}', t.${quotedName(name)}::text`).join(', ');
  const found = await rows.query<{ key: string; row: Record<string, string | null> }[]>(
    `SELECT ${keyOf(shape)} AS key, json_build_object(${columns}) AS row FROM ${quotedName(table)} t
     WHERE ${keyOf(shape)} = ANY ($1::text[])`,
    [keys],
  );
  return new Map(found.map(({ key, row }) => [key, row]));
}
