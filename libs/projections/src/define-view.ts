import type { RecordedEvent } from '@runledger/event-store';
import type { DomainEvent } from '@runledger/kernel';
import type { Projection, Recorded } from './projection.js';
import type { Row } from './row-json.js';
import { ViewTable } from './view-table.js';

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
