import type { RecordedEvent } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import type { EntityManager } from 'typeorm';
import type { Projection, Recorded } from './projection.js';
import { checkColumns, rowsAsJson } from './row-json.js';
import type { Row } from './row-json.js';
import { quotedName, quotedTable } from './sql-names.js';
import { recordOf, TableShapes } from './table-shape.js';
import type { TableShape } from './table-shape.js';

/** One JSON view per key, folded from the events of that key. */
export interface ViewDefinition<View, Event extends DomainEvent = DomainEvent> {
  readonly name: string;
  /** Raise to rebuild. */
  readonly version: number;
  /** See {@link Projection.partitioned}. */
  readonly partitioned?: boolean;
  /** In the schema of the DataSource. It has `key text PRIMARY KEY`, `view json NOT NULL` and the columns that `columns` fills. */
  readonly table: string;
  readonly types: readonly Event['type'][];
  /** The row that the event belongs to; undefined: none. */
  key(this: void, event: Recorded<Event>): string | undefined;
  /** Pure; plain JSON in and out; undefined: no row (any more). Also serves time travel, see {@link foldView}. */
  evolve(this: void, view: View | undefined, event: Recorded<Event>): View | undefined;
  /** What queries filter and sort by. Depends on the view alone. */
  columns(this: void, view: View, key: string): Row;
}

/** A projection that can also be folded in memory. */
export interface ViewProjection<View, Event extends DomainEvent = DomainEvent>
  extends Projection, Pick<ViewDefinition<View, Event>, 'key' | 'evolve' | 'columns'> {
  readonly table: string;
  readonly types: readonly Event['type'][];
}

/**
 * A projection made of a pure reducer: the keys of a batch are loaded by one SELECT, all events are folded in memory,
 * changed rows are written by one statement and removed ones by another.
 */
export function defineView<View, Event extends DomainEvent = DomainEvent>(
  definition: ViewDefinition<View, Event>,
): ViewProjection<View, Event> {
  const { name, version, table, types, key, evolve, columns } = definition;
  const store = new ViewTable<View>(table, columns);
  return {
    name,
    version,
    ...(definition.partitioned === undefined ? {} : { partitioned: definition.partitioned }),
    table,
    tables: [table],
    types,
    key,
    evolve,
    columns,
    keyOf: event => key(event as Recorded<Event>),
    apply: async (events, rows) => {
      const byKey = groupByKey(key, events as readonly Recorded<Event>[]);
      if (byKey.size === 0) return;
      const before = await store.load([...byKey.keys()], rows);
      const after = new Map<string, View | undefined>();
      for (const [id, own] of byKey) {
        const view = own.reduce<View | undefined>((folded, event) => evolve(folded, event), before.get(id));
        if (view !== before.get(id)) after.set(id, view);
      }
      await store.save(after, rows);
    },
  };
}

/**
 * The view as of the last of `events` (upcast, in log order). Other types are left out, and with `key` other keys too:
 * the events of a run's correlation id may be handed over as they were read.
 */
export function foldView<View, Event extends DomainEvent>(
  view: Pick<ViewProjection<View, Event>, 'types' | 'key' | 'evolve'>,
  events: readonly RecordedEvent[],
  key?: string,
): View | undefined {
  const types = new Set(view.types);
  const own = (events as readonly Recorded<Event>[]).filter(
    event => types.has(event.type) && (key === undefined || view.key(event) === key),
  );
  return own.reduce<View | undefined>((folded, event) => view.evolve(folded, event), undefined);
}

function groupByKey<Event extends DomainEvent>(
  keyOf: (event: Recorded<Event>) => string | undefined,
  events: readonly Recorded<Event>[],
): Map<string, Recorded<Event>[]> {
  const groups = new Map<string, Recorded<Event>[]>();
  for (const event of events) {
    const key = keyOf(event);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return groups;
}

class ViewTable<View> {
  readonly #shapes = new TableShapes();
  readonly #table: string;

  constructor(
    private readonly name: string,
    private readonly columns: (view: View, key: string) => Row,
  ) {
    this.#table = quotedTable(name);
  }

  async load(keys: readonly string[], rows: EntityManager): Promise<Map<string, View>> {
    const found = await rows.query<{ key: string; view: View }[]>(
      `SELECT "key", "view" FROM ${this.#table} WHERE "key" = ANY ($1::text[])`,
      [keys],
    );
    return new Map(found.map(({ key, view }) => [key, view]));
  }

  async save(views: ReadonlyMap<string, View | undefined>, rows: EntityManager): Promise<void> {
    const kept: Row[] = [];
    const gone: string[] = [];
    for (const [key, view] of views) {
      if (view === undefined) gone.push(key);
      else kept.push({ ...this.columns(view, key), key, view: canonicalJson(view) });
    }
    if (kept.length > 0) await this.#upsert(kept, rows);
    if (gone.length > 0) await rows.query(`DELETE FROM ${this.#table} WHERE "key" = ANY ($1::text[])`, [gone]);
  }

  async #upsert(kept: readonly Row[], rows: EntityManager): Promise<void> {
    const shape = await this.#shapes.of(this.name, rows);
    for (const row of kept) checkColumns(this.name, shape, row);
    await rows.query(upsertStatement(this.#table, shape), [rowsAsJson(kept)]);
  }
}

/** The view travels as text: as nested JSON the server would read it twice, and stumble over an escaped NUL. */
function upsertStatement(table: string, shape: TableShape): string {
  const record = recordOf(new Map([...shape, ['view', 'text']]));
  const names = [...shape.keys()].map(quotedName);
  const values = names.map(name => (name === '"view"' ? `r.${name}::${shape.get('view') ?? 'json'}` : `r.${name}`));
  const changes = names.filter(name => name !== '"key"').map(name => `${name} = excluded.${name}`);
  return `INSERT INTO ${table} (${names.join(', ')})
    SELECT ${values.join(', ')} FROM json_to_recordset($1::json) AS r(${record})
    ON CONFLICT ("key") DO UPDATE SET ${changes.join(', ')}`;
}
