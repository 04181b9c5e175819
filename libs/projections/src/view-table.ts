import { jsonArray } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';
import type { EntityManager } from 'typeorm';
import { checkColumns, rowsAsJson } from './row-json.js';
import type { Row } from './row-json.js';
import { quotedName, quotedTable } from './sql-names.js';
import { recordOf, TableShapes } from './table-shape.js';
import type { TableShape } from './table-shape.js';

/**
 * A table of JSON views with `key text PRIMARY KEY`, `view json NOT NULL` and columns that depend on the view alone; for
 * projections that fold several kinds of rows from the same events.
 */
export class ViewTable<View> {
  readonly #shapes = new TableShapes();
  readonly #table: string;

  constructor(
    private readonly name: string,
    /** What queries filter and sort by. */
    private readonly columns: (this: void, view: View, key: string) => Row,
  ) {
    this.#table = quotedTable(name);
  }

  /** Those of the views that there are, by one statement. */
  async load(keys: readonly string[], rows: EntityManager): Promise<Map<string, View>> {
    const found = await rows.query<{ key: string; view: View }[]>(
      `SELECT "key", "view" FROM ${this.#table} WHERE "key" = ANY ($1::text[])`,
      [keys],
    );
    return new Map(found.map(({ key, view }) => [key, view]));
  }

  /** Writes all views by one statement, and removes those that are undefined by another. */
  async save(views: ReadonlyMap<string, View | undefined>, rows: EntityManager): Promise<void> {
    const kept: Row[] = [];
    const texts: string[] = [];
    const gone: string[] = [];
    for (const [key, view] of views) {
      if (view === undefined) gone.push(key);
      else {
        kept.push({ ...this.columns(view, key), key });
        texts.push(canonicalJson(view));
      }
    }
    if (kept.length > 0) await this.#upsert(kept, texts, rows);
    if (gone.length > 0) await rows.query(`DELETE FROM ${this.#table} WHERE "key" = ANY ($1::text[])`, [gone]);
  }

  async #upsert(kept: readonly Row[], texts: readonly string[], rows: EntityManager): Promise<void> {
    const shape = await this.#shapes.of(this.name, rows);
    for (const row of kept) checkColumns(this.name, shape, row);
    await rows.query(upsertStatement(this.#table, shape), [rowsAsJson(kept), jsonArray(texts)]);
  }
}

/** The views travel beside the other columns: within their JSON every quote would be escaped, and the server would read it twice. */
function upsertStatement(table: string, shape: TableShape): string {
  const columns = new Map([...shape].filter(([name]) => name !== 'view'));
  const names = [...columns.keys()].map(quotedName);
  const all = [...names, '"view"'].join(', ');
  const changes = [...names, '"view"'].filter(name => name !== '"key"').map(name => `${name} = excluded.${name}`);
  return `INSERT INTO ${table} (${all})
    SELECT ${[...names, `"view"::${shape.get('view') ?? 'json'}`].join(', ')}
    FROM ROWS FROM (json_to_recordset($1::json) AS (${recordOf(columns)}), unnest($2::json[])) AS r(${all})
    ON CONFLICT ("key") DO UPDATE SET ${changes.join(', ')}`;
}
