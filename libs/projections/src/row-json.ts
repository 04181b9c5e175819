import { storableText } from '@runledger/kernel';
import type { TableShape } from './table-shape.js';

/** One row of a read model by column name. Dates, bigints and nested JSON are welcome; a column left out becomes null. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Rows as one JSON parameter for `json_to_recordset`. PostgreSQL's text holds neither NUL nor lone surrogates, so these
 * become U+FFFD: a read model must not stop at what an agent printed. The log keeps the original.
 */
export function rowsAsJson(rows: readonly Row[]): string {
  const text = jsonOf(rows);
  if (!text.includes('\\u0000') && !text.includes('\\ud')) return text;
  return JSON.stringify(rows, (key, value: unknown) => storableValue(bigintAsText(key, value)));
}

/** A function that is asked about each value takes several times as long: only for bigints that lie deeper than columns. */
function jsonOf(rows: readonly Row[]): string {
  try {
    return JSON.stringify(rows.map(withoutBigints));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(rows, bigintAsText);
  }
}

function withoutBigints(row: Row): Row {
  let plain: Record<string, unknown> | undefined;
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'bigint') (plain ??= { ...row })[column] = String(value);
  }
  return plain ?? row;
}

/** Throws when a row names a column that the table does not have: a defect that would lose data silently. */
export function checkColumns(table: string, shape: TableShape, row: Row): void {
  for (const column of Object.keys(row)) {
    if (!shape.has(column)) {
      throw new TypeError(
        `Table ${table} has no column "${column}"; add it by a migration or leave it out of the row.`,
      );
    }
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function storableValue(value: unknown): unknown {
  return typeof value === 'string' ? storableText(value) : value;
}
