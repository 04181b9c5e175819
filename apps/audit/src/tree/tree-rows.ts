import { Fault } from '@runledger/kernel';
import { START } from '@runledger/event-store';
import type { Position, Queryable } from '@runledger/event-store';
import type { CompleteNode } from './merkle-tree.js';
import { MerkleTree } from './merkle-tree.js';
import { foldOf, hashAt, TILE_LEVELS, TILE_WIDTH } from './tiles.js';
import type { Tile } from './tiles.js';

/** Tiles kept in memory: up to 8 KB each. */
const KEPT_TILES = 512;

/** How far the log is sealed. */
export interface Sealed {
  readonly size: number;
  /** Of the last event that is a leaf; 0 before the first. */
  readonly position: Position;
}

/** A leaf and where it stands in its chains; `prev` are the leaves before it there. */
export interface EntryRow {
  readonly leaf: number;
  readonly position: Position;
  readonly eventId: string;
  readonly story: { readonly n: number; readonly prev: number | undefined };
  readonly workspace: { readonly n: number; readonly prev: number | undefined };
  readonly recordedAt: string;
}

/** A hash of the tree is not where it was written. */
export class BrokenTreeError extends Fault {
  constructor(what: string) {
    super(
      'BROKEN_TREE',
      `The tables of the tree lack ${what}. They can be made anew from the log: drop the schema "audit" and start the audit service.`,
    );
  }
}

/** Reads the tree from its tables. Complete subtrees never change, so what was read once is true for every later size. */
export class TreeRows {
  readonly #tiles = new Map<string, Tile>();

  constructor(readonly database: Queryable) {}

  async sealed(): Promise<Sealed> {
    const { rows } = await this.database.query('select size, position from audit.tree');
    return { size: Number(rows[0]?.['size'] ?? 0), position: positionIn(rows[0]) };
  }

  tree(size: number): MerkleTree {
    return new MerkleTree(size, this.#completeNode);
  }

  async leafHash(leaf: number): Promise<Buffer> {
    const tile = await this.#tile(0, Math.floor(leaf / TILE_WIDTH), leaf % TILE_WIDTH);
    const hash = hashAt(tile, leaf % TILE_WIDTH);
    if (!hash) throw new BrokenTreeError(`leaf ${leaf}`);
    return hash;
  }

  /** Those of the events at these positions that are sealed, by position. */
  async entriesAt(positions: readonly Position[]): Promise<ReadonlyMap<Position, EntryRow>> {
    const { rows } = await this.database.query(`${ENTRY} where position = any($1::bigint[])`, [positions.map(String)]);
    return new Map(rows.map(toEntry).map(entry => [entry.position, entry]));
  }

  /** More than one only if an id was used in several streams. */
  async entriesOf(eventId: string): Promise<readonly EntryRow[]> {
    const { rows } = await this.database.query(`${ENTRY} where event_id = $1 order by leaf`, [eventId]);
    return rows.map(toEntry);
  }

  async entry(leaf: number): Promise<EntryRow | undefined> {
    const { rows } = await this.database.query(`${ENTRY} where leaf = $1`, [leaf]);
    return rows.map(toEntry)[0];
  }

  /** The position behind which events recorded at `time` or later begin; a margin is left for writers at the same time. */
  async positionBefore(time: string): Promise<Position> {
    const { rows } = await this.database.query(
      `select position from audit.entry where recorded_at < $1::timestamptz - interval '10 seconds'
        order by recorded_at desc limit 1`,
      [time],
    );
    return positionIn(rows[0]);
  }

  /** The position of an event behind all that were recorded before `time`; undefined when the log does not go that far. */
  async positionAfter(time: string): Promise<Position | undefined> {
    const { rows } = await this.database.query(
      `select position from audit.entry where recorded_at >= $1::timestamptz + interval '10 seconds'
        order by recorded_at limit 1`,
      [time],
    );
    return rows[0] && BigInt(String(rows[0]['position']));
  }

  readonly #completeNode: CompleteNode = async (level, index) => {
    const inTile = level % TILE_LEVELS;
    const count = 2 ** inTile;
    const first = index * count;
    const at = first % TILE_WIDTH;
    const tile = await this.#tile((level - inTile) / TILE_LEVELS, Math.floor(first / TILE_WIDTH), at + count - 1);
    const hash = foldOf(tile, at, count);
    if (!hash) throw new BrokenTreeError(`node ${index} of level ${level}`);
    return hash;
  };

  async #tile(level: number, index: number, last: number): Promise<Tile> {
    const key = `${level}/${index}`;
    const known = this.#tiles.get(key);
    if (known && hashAt(known, last)) return known; // a tile only grows
    const { rows } = await this.database.query('select hashes from audit.tile where level = $1 and index = $2', [
      level,
      index,
    ]);
    const hashes = rows[0]?.['hashes'];
    if (!Buffer.isBuffer(hashes)) throw new BrokenTreeError(`tile ${key}`);
    const tile = { level, index, hashes };
    this.#keep(key, tile);
    return tile;
  }

  #keep(key: string, tile: Tile): void {
    this.#tiles.set(key, tile);
    const [oldest] = this.#tiles.keys();
    if (this.#tiles.size > KEPT_TILES && oldest !== undefined) this.#tiles.delete(oldest);
  }
}

function positionIn(row: Record<string, unknown> | undefined): Position {
  return row ? BigInt(String(row['position'])) : START;
}

const ENTRY = `select leaf, position, event_id, story_n, story_prev, workspace_n, workspace_prev, recorded_at
  from audit.entry`;

function toEntry(row: Record<string, unknown>): EntryRow {
  const place = (n: unknown, prev: unknown) => ({ n: Number(n), prev: prev === null ? undefined : Number(prev) });
  return {
    leaf: Number(row['leaf']),
    position: BigInt(String(row['position'])),
    eventId: String(row['event_id']),
    story: place(row['story_n'], row['story_prev']),
    workspace: place(row['workspace_n'], row['workspace_prev']),
    recordedAt: (row['recorded_at'] as Date).toISOString(),
  };
}
