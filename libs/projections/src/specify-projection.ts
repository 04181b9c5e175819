import { isDeepStrictEqual } from 'node:util';
import type { EventMetadata, RecordedEvent } from '@runledger/event-store';
import type { DomainEvent } from '@runledger/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import type { Projection } from './projection.js';
import type { Row } from './row-json.js';
import { quotedTable } from './sql-names.js';

/** Where and when the events of a spec happened; everything has a default. */
export interface SpecPlace extends Partial<Pick<EventMetadata, 'correlationId' | 'actor' | 'schemaVersion'>> {
  /** Workspace; default `ws_spec`. */
  readonly tenant?: string;
  /** Default `run-1`. */
  readonly stream?: string;
  /** Of the first event, ISO 8601; each further one happens a second later. Default 2026-01-01T00:00:00.000Z. */
  readonly from?: string;
  /** Of the first event; default 1. */
  readonly position?: bigint;
}

/** Events as the log would hand them over, for specs: ids, positions and times count up. */
export function recordedEvents(events: readonly DomainEvent[], place: SpecPlace = {}): RecordedEvent[] {
  const { tenant = 'ws_spec', stream = 'run-1', position = 1n } = place;
  const from = Date.parse(place.from ?? '2026-01-01T00:00:00.000Z');
  return events.map(({ type, data }, index) => {
    const at = new Date(from + index * 1_000).toISOString();
    const id = `00000000-0000-7000-8000-${String(position + BigInt(index)).padStart(12, '0')}`;
    const metadata: EventMetadata = {
      correlationId: place.correlationId ?? 'run_1',
      causationId: 'cmd_spec',
      actor: place.actor ?? { kind: 'member', id: 'mem_spec' },
      workspaceId: tenant,
      occurredAt: at,
      schemaVersion: place.schemaVersion ?? 1,
    };
    const category = stream.split('-', 1)[0] ?? stream;
    const where = { tenant, stream, category, revision: index, position: position + BigInt(index), recordedAt: at };
    return { id, type, data, metadata, ...where };
  });
}

export interface GivenEvents {
  /** All rows of the projection's first table, in the order of their JSON. */
  rows(): Promise<Row[]>;
  /** Fails unless the rows hold the given ones: same number, in the order of {@link rows}, each with at least these columns. */
  thenRows(...expected: readonly Row[]): Promise<void>;
}

/**
 * A projection's rule book: `await given(...events).thenRows(...)`. The events are applied as one batch and again one by
 * one, each time from nothing; rows that depend on the batches fail the spec (P2). Nothing stays in the database.
 */
export function specifyProjection(
  projection: Projection,
  dataSource: DataSource,
): (...events: readonly RecordedEvent[]) => GivenEvents {
  return (...events) => {
    const rows = async () => {
      const wanted = events.filter(({ type }) => projection.types.length === 0 || projection.types.includes(type));
      const atOnce = await rowsAfter(projection, dataSource, [wanted]);
      const oneByOne = await rowsAfter(
        projection,
        dataSource,
        wanted.map(event => [event]),
      );
      if (!isDeepStrictEqual(atOnce, oneByOne)) {
        throw new Error(
          `${projection.name} depends on batches.\nat once:    ${show(atOnce)}\none by one: ${show(oneByOne)}`,
        );
      }
      return atOnce;
    };
    const thenRows = async (...expected: readonly Row[]) => {
      const found = await rows();
      const same = found.length === expected.length && expected.every((row, index) => holds(found[index] ?? {}, row));
      if (!same)
        throw new Error(`${projection.name} has other rows.\nexpected: ${show(expected)}\nfound:    ${show(found)}`);
    };
    return { rows, thenRows };
  };
}

async function rowsAfter(
  projection: Projection,
  dataSource: DataSource,
  batches: readonly (readonly RecordedEvent[])[],
): Promise<Row[]> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    for (const table of projection.tables) await runner.query(`DELETE FROM ${quotedTable(table)}`);
    for (const batch of batches) if (batch.length > 0) await projection.apply(batch, runner.manager);
    return await readRows(projection, runner.manager);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

async function readRows(projection: Projection, rows: EntityManager): Promise<Row[]> {
  const [table] = projection.tables;
  if (table === undefined) throw new TypeError(`${projection.name} names no table.`);
  const found = await rows.query<{ row: Row }[]>(
    `SELECT to_json(t) AS row FROM ${quotedTable(table)} t ORDER BY to_json(t)::text COLLATE "C"`,
  );
  return found.map(({ row }) => row);
}

function holds(found: Row, expected: Row): boolean {
  return Object.entries(expected).every(([column, value]) => isDeepStrictEqual(found[column], asJson(value)));
}

function asJson(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function show(rows: readonly Row[]): string {
  return JSON.stringify(rows);
}
