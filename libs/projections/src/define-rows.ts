import type { DomainEvent } from '@runledger/kernel';
import type { EntityManager } from 'typeorm';
import type { Projection, Recorded } from './projection.js';
import { checkColumns, rowsAsJson } from './row-json.js';
import type { Row } from './row-json.js';
import { quotedName, quotedTable } from './sql-names.js';
import { recordOf, TableShapes } from './table-shape.js';
import type { TableShape } from './table-shape.js';

/** Rows that events add and nothing changes: transcripts, timelines, ledgers. */
export interface RowsDefinition<Event extends DomainEvent = DomainEvent> {
  readonly name: string;
  /** Raise to rebuild. */
  readonly version: number;
  /** See {@link Projection.partitioned}. */
  readonly partitioned?: boolean;
  /** In the schema of the DataSource. */
  readonly table: string;
  /** Columns of a unique key that tells one row from all others; a row that is there already stays as it is. */
  readonly uniqueBy: readonly string[];
  readonly types: readonly Event['type'][];
  rows(this: void, event: Recorded<Event>): readonly Row[];
  /** What change notices carry; default: the event's correlation id. */
  keyOf?(this: void, event: Recorded<Event>): string | undefined;
}

/** An append-only projection: all rows of a batch go in by one statement. */
export function defineRows<Event extends DomainEvent = DomainEvent>(definition: RowsDefinition<Event>): Projection {
  const { name, version, table, uniqueBy, types, rows: rowsOf, keyOf } = definition;
  const shapes = new TableShapes();
  const conflict = uniqueBy.map(quotedName).join(', ');
  return {
    name,
    version,
    ...(definition.partitioned === undefined ? {} : { partitioned: definition.partitioned }),
    types,
    tables: [table],
    keyOf: event => (keyOf ? keyOf(event as Recorded<Event>) : event.metadata.correlationId),
    apply: async (events, rows: EntityManager) => {
      const added = (events as readonly Recorded<Event>[]).flatMap(event => rowsOf(event));
      if (added.length === 0) return;
      const shape = await shapes.of(table, rows);
      for (const row of added) checkColumns(table, shape, row);
      await rows.query(`${insertStatement(table, shape)} ON CONFLICT (${conflict}) DO NOTHING`, [rowsAsJson(added)]);
    },
  };
}

function insertStatement(table: string, shape: TableShape): string {
  const names = [...shape.keys()].map(quotedName).join(', ');
  return `INSERT INTO ${quotedTable(table)} (${names})
    SELECT ${names} FROM json_to_recordset($1::json) AS r(${recordOf(shape)})`;
}
