import { createHash, hash } from 'node:crypto';

/** What a leaf holds is hashed behind 0x00, two nodes behind 0x01, so that neither passes for the other (RFC 9162, 2.1.1). */
export function leafHash(bytes: string | Uint8Array): Buffer {
  if (typeof bytes === 'string') return hash('sha256', `\0${bytes}`, 'buffer');
  return createHash('sha256').update('\0').update(bytes).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update('\x01').update(left).update(right).digest();
}

/** The root of a tree without a leaf. */
const EMPTY_ROOT = createHash('sha256').digest();

/**
 * The hash over the leaves `index * 2 ** level` up to `(index + 1) * 2 ** level`, all of which are there. Leaves count from 0,
 * level 0 is the leaves themselves.
 */
export type CompleteNode = (level: number, index: number) => Promise<Uint8Array>;

/**
 * The proofs of RFC 9162, section 2.1, over a tree of `size` leaves. The split of the RFC, at the largest power of two below
 * the size, makes the same tree as pairing neighbours level by level, where the last one of an odd row goes up as it is: so
 * a node has a place (level, index), and only those at the right edge depend on the size.
 *
 * Numbers, not bit operators: these end at 2^31 leaves.
 */
export class MerkleTree {
  constructor(
    readonly size: number,
    private readonly completeNode: CompleteNode,
  ) {}

  async root(): Promise<Uint8Array> {
    return this.size === 0 ? EMPTY_ROOT : this.#node(heightOf(this.size), 0);
  }

  /**
   * What leads from a leaf up to the root, from below (2.1.3.1). `belowLevel`: only up to that level, for a reader who knows
   * the node there already.
   */
  async inclusion(leaf: number, belowLevel = heightOf(this.size)): Promise<Uint8Array[]> {
    if (leaf >= this.size) throw new RangeError(`A tree of ${this.size} leaves has no leaf ${leaf}.`);
    const path: Uint8Array[] = [];
    for (let level = 0, index = leaf; level < belowLevel; level += 1, index = Math.floor(index / 2)) {
      const sibling = index % 2 === 0 ? index + 1 : index - 1;
      if (sibling * 2 ** level < this.size) path.push(await this.#node(level, sibling));
    }
    return path;
  }

  /** That the tree of the first `from` leaves is the beginning of this one (2.1.4.1). */
  async consistency(from: number): Promise<Uint8Array[]> {
    if (from > this.size) throw new RangeError(`A tree of ${this.size} leaves does not continue one of ${from}.`);
    const path: Uint8Array[] = [];
    let [start, end, known] = [0, this.size, from];
    let isWhole = true;
    while (from > 0 && known < end - start) {
      const split = 2 ** (heightOf(end - start) - 1);
      if (known <= split) {
        path.unshift(await this.#range(start + split, end));
        end = start + split;
      } else {
        path.unshift(await this.#range(start, start + split));
        [start, known, isWhole] = [start + split, known - split, false];
      }
    }
    return isWhole ? path : [await this.#range(start, end), ...path];
  }

  #range(start: number, end: number): Promise<Uint8Array> {
    const level = heightOf(end - start);
    return this.#node(level, start / 2 ** level);
  }

  async #node(level: number, index: number): Promise<Uint8Array> {
    const width = 2 ** level;
    if ((index + 1) * width <= this.size) return this.completeNode(level, index);
    const left = await this.#node(level - 1, index * 2);
    const startOfRight = index * width + width / 2;
    return startOfRight < this.size ? nodeHash(left, await this.#node(level - 1, index * 2 + 1)) : left;
  }
}

/** How many levels lie above the leaves of a tree: 0 for one leaf. */
function heightOf(size: number): number {
  let height = 0;
  for (let width = 1; width < size; width *= 2) height += 1;
  return height;
}

/**
 * The level of the highest node that leads to `leaf` but not to `earlier`: whoever has followed the proof of the earlier leaf
 * knows its hash as a sibling.
 */
export function meetingLevel(earlier: number, leaf: number): number {
  let level = 0;
  while (Math.floor(earlier / 2 ** (level + 1)) !== Math.floor(leaf / 2 ** (level + 1))) level += 1;
  return level;
}
