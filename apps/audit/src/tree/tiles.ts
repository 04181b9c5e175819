import { nodeHash } from './merkle-tree.js';

/** Hashes to a tile, and how many levels of the tree it spans. */
export const TILE_WIDTH = 256;
export const TILE_LEVELS = 8;
const HASH_BYTES = 32;

/** A row of hashes of complete subtrees: of level `TILE_LEVELS * level`, the first one number `TILE_WIDTH * index`. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Buffer;
}

export function hashesIn(tile: Tile): number {
  return tile.hashes.length / HASH_BYTES;
}

/** One hash of a tile, counted from 0; undefined when the tile has not grown to it. */
export function hashAt({ hashes }: Tile, at: number): Buffer | undefined {
  return at * HASH_BYTES < hashes.length ? hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES) : undefined;
}

/** The hash over `count` neighbours in a tile, a power of two; undefined when one is missing. */
export function foldOf(tile: Tile, first: number, count: number): Buffer | undefined {
  let row: Buffer[] = [];
  for (let at = first; at < first + count; at += 1) {
    const hash = hashAt(tile, at);
    if (!hash) return undefined;
    row.push(hash);
  }
  while (row.length > 1) row = pairs(row);
  return row[0];
}

/** The tile with more hashes, and what did not fit into it. */
export function grown(tile: Tile, more: readonly Buffer[]): { readonly tile: Tile; readonly rest: readonly Buffer[] } {
  const room = TILE_WIDTH - hashesIn(tile);
  const hashes = Buffer.concat([tile.hashes, ...more.slice(0, room)]);
  return { tile: { ...tile, hashes }, rest: more.slice(room) };
}

function pairs(row: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let at = 0; at + 1 < row.length; at += 2) {
    const [left, right] = [row[at], row[at + 1]];
    if (left && right) above.push(nodeHash(left, right));
  }
  return above;
}
