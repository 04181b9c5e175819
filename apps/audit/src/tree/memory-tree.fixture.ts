import { MerkleTree, nodeHash } from './merkle-tree.js';

const rowsOf = new WeakMap<readonly Uint8Array[], Uint8Array[][]>();

/** A tree over leaf hashes in memory: complete subtrees are made once, as in the tables. */
export function treeOver(leaves: readonly Uint8Array[], size = leaves.length): MerkleTree {
  const rows = rowsOf.get(leaves) ?? rowsAbove(leaves);
  rowsOf.set(leaves, rows);
  return new MerkleTree(size, (level, index) => Promise.resolve(rows[level]![index]!));
}

function rowsAbove(leaves: readonly Uint8Array[]): Uint8Array[][] {
  const rows = [[...leaves]];
  for (let row = rows[0]!; row.length > 1; row = rows.at(-1)!) {
    const pairs = Array.from({ length: Math.floor(row.length / 2) }, (_, at) =>
      nodeHash(row[at * 2]!, row[at * 2 + 1]!),
    );
    rows.push(pairs);
  }
  return rows;
}
