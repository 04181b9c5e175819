import type { Queryable, RecordedEvent } from '@runledger/event-store';
import { entryText } from './log-entry.js';
import type { EntryLinks } from './log-entry.js';
import { leafHash } from './merkle-tree.js';
import type { EntryRow, Sealed } from './tree-rows.js';
import { foldOf, grown, hashesIn, TILE_WIDTH } from './tiles.js';
import type { Tile } from './tiles.js';

/** Where a run or a workspace ends. */
interface ChainEnd {
  readonly workspace: string;
  /** '' is the workspace itself. */
  readonly story: string;
  readonly entries: number;
  readonly leaf: number;
  readonly last: Buffer;
}

/**
 * Adds events to the tree, in the order of the log, inside a transaction of the caller's. What it writes follows from the log
 * alone, so sealing the same log again gives the same tree.
 */
export async function seal(transaction: Queryable, before: Sealed, events: readonly RecordedEvent[]): Promise<Sealed> {
  const fresh = events.filter(event => event.position > before.position);
  const last = fresh.at(-1);
  if (!last) return before;
  const ends = await chainEnds(transaction, fresh);
  const { entries, hashes } = chained(fresh, before.size, ends);
  await growTiles(transaction, before.size, hashes);
  await writeEntries(transaction, entries);
  await writeChains(
    transaction,
    [...ends.values()].filter(({ leaf }) => leaf >= before.size),
  );
  return { size: before.size + fresh.length, position: last.position };
}

/** Moves the mark of what is sealed; false when somebody else has moved it meanwhile. */
export async function moveMark(transaction: Queryable, before: Sealed, after: Sealed): Promise<boolean> {
  const { rows } = await transaction.query(
    'update audit.tree set size = $1, position = $2 where size = $3 and position = $4 returning size',
    [after.size, String(after.position), before.size, String(before.position)],
  );
  return rows.length === 1;
}

const keyOf = (workspace: string, story: string) => JSON.stringify([workspace, story]);

async function chainEnds(transaction: Queryable, events: readonly RecordedEvent[]): Promise<Map<string, ChainEnd>> {
  const wanted = new Map<string, readonly [string, string]>();
  for (const { tenant, metadata } of events) {
    for (const story of ['', metadata.correlationId]) wanted.set(keyOf(tenant, story), [tenant, story]);
  }
  const keys = [...wanted.values()];
  const { rows } = await transaction.query(
    `select c.workspace, c.story, c.entries, c.leaf, c.last from audit.chain c
       join unnest($1::text[], $2::text[]) as wanted (workspace, story) using (workspace, story)`,
    [keys.map(([workspace]) => workspace), keys.map(([, story]) => story)],
  );
  return new Map(rows.map(toChainEnd).map(end => [keyOf(end.workspace, end.story), end]));
}

function toChainEnd(row: Record<string, unknown>): ChainEnd {
  return {
    workspace: String(row['workspace']),
    story: String(row['story']),
    entries: Number(row['entries']),
    leaf: Number(row['leaf']),
    last: row['last'] as Buffer,
  };
}

/** Leaves in order; `ends` moves on with them. */
function chained(events: readonly RecordedEvent[], size: number, ends: Map<string, ChainEnd>) {
  const entries: EntryRow[] = [];
  const hashes: Buffer[] = [];
  for (const [at, event] of events.entries()) {
    const { tenant: workspace, metadata } = event;
    const leaf = size + at;
    const story = ends.get(keyOf(workspace, metadata.correlationId));
    const whole = ends.get(keyOf(workspace, ''));
    const last = leafHash(entryText(event, { story: linkTo(story), workspace: linkTo(whole) }));
    hashes.push(last);
    entries.push({
      leaf,
      position: event.position,
      eventId: event.id,
      story: { n: story?.entries ?? 0, prev: story?.leaf },
      workspace: { n: whole?.entries ?? 0, prev: whole?.leaf },
      recordedAt: event.recordedAt,
    });
    for (const [name, end] of [
      ['', whole],
      [metadata.correlationId, story],
    ] as const) {
      ends.set(keyOf(workspace, name), { workspace, story: name, entries: (end?.entries ?? 0) + 1, leaf, last });
    }
  }
  return { entries, hashes };
}

function linkTo(end: ChainEnd | undefined): EntryLinks['story'] {
  return { n: end?.entries ?? 0, prev: end?.last };
}

/** Level by level: what fills a tile makes a hash of the level above. */
async function growTiles(transaction: Queryable, size: number, leaves: readonly Buffer[]): Promise<void> {
  let [more, had] = [leaves, size];
  for (let level = 0; more.length > 0; level += 1) {
    const tiles = await grownTiles(transaction, { level, had }, more);
    for (const { index, hashes } of tiles) {
      await transaction.query(
        `insert into audit.tile (level, index, hashes) values ($1, $2, $3)
         on conflict (level, index) do update set hashes = excluded.hashes`,
        [level, index, hashes],
      );
    }
    had = Math.floor(had / TILE_WIDTH);
    more = tiles.flatMap(tile => (hashesIn(tile) === TILE_WIDTH ? (foldOf(tile, 0, TILE_WIDTH) ?? []) : []));
  }
}

async function grownTiles(
  transaction: Queryable,
  { level, had }: { readonly level: number; readonly had: number },
  more: readonly Buffer[],
): Promise<Tile[]> {
  const tiles: Tile[] = [];
  let rest = more;
  let tile = await lastTile(transaction, level, had);
  while (rest.length > 0) {
    const step = grown(tile, rest);
    tiles.push(step.tile);
    rest = step.rest;
    tile = { level, index: tile.index + 1, hashes: Buffer.alloc(0) };
  }
  return tiles;
}

/** The tile that grows next, cut to what is sealed. */
async function lastTile(transaction: Queryable, level: number, had: number): Promise<Tile> {
  const index = Math.floor(had / TILE_WIDTH);
  if (had % TILE_WIDTH === 0) return { level, index, hashes: Buffer.alloc(0) };
  const { rows } = await transaction.query('select hashes from audit.tile where level = $1 and index = $2', [
    level,
    index,
  ]);
  return { level, index, hashes: rows[0]?.['hashes'] as Buffer };
}

async function writeEntries(transaction: Queryable, entries: readonly EntryRow[]): Promise<void> {
  const column = (of: (entry: EntryRow) => unknown) => entries.map(of);
  await transaction.query(
    `insert into audit.entry
       (leaf, position, event_id, story_n, story_prev, workspace_n, workspace_prev, recorded_at)
     select * from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[],
                          $7::bigint[], $8::timestamptz[])`,
    [
      column(entry => entry.leaf),
      column(entry => String(entry.position)),
      column(entry => entry.eventId),
      column(entry => entry.story.n),
      column(entry => entry.story.prev ?? null),
      column(entry => entry.workspace.n),
      column(entry => entry.workspace.prev ?? null),
      column(entry => entry.recordedAt),
    ],
  );
}

async function writeChains(transaction: Queryable, ends: readonly ChainEnd[]): Promise<void> {
  await transaction.query(
    `insert into audit.chain (workspace, story, entries, leaf, last)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])
     on conflict (workspace, story) do update
       set entries = excluded.entries, leaf = excluded.leaf, last = excluded.last`,
    [
      ends.map(({ workspace }) => workspace),
      ends.map(({ story }) => story),
      ends.map(({ entries }) => entries),
      ends.map(({ leaf }) => leaf),
      ends.map(({ last }) => last),
    ],
  );
}
