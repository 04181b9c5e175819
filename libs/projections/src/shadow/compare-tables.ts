import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { rowPrints, rowsByKey, rowShape } from './row-stream.js';
import type { RowPrint, RowShape } from './row-stream.js';

/** A row that is not the same on both sides. */
export interface RowDifference {
  /** Its key columns as a JSON array. */
  readonly key: string;
  /** `missing`: only the rebuilt table has it; `extra`: only the live one has it. */
  readonly kind: 'altered' | 'missing' | 'extra';
  /** Of an altered row: the columns that differ, as text. */
  readonly columns?: readonly {
    readonly name: string;
    readonly live: string | null;
    readonly rebuilt: string | null;
  }[];
}

/** One side of a comparison; the digest is the SHA-256 over all keys and row digests in the order of the keys. */
export interface TableDigest {
  readonly rows: number;
  readonly digest: string;
}

export interface TableComparison {
  readonly table: string;
  readonly live: TableDigest;
  readonly rebuilt: TableDigest;
  /** How many rows differ. */
  readonly differing: number;
  /** The first of them. */
  readonly differences: readonly RowDifference[];
}

export interface Sides {
  readonly live: EntityManager;
  readonly rebuilt: EntityManager;
}

/** Compares one table of both sides, each within its own transaction, row by row; names at most `most` differences. */
export async function compareTable(table: string, sides: Sides, most: number): Promise<TableComparison> {
  const shape = await rowShape(table, sides.rebuilt);
  const live = new Side(rowPrints(table, shape, sides.live));
  const rebuilt = new Side(rowPrints(table, shape, sides.rebuilt));
  const found: Pick<RowDifference, 'key' | 'kind'>[] = [];
  let differing = 0;
  for await (const difference of differences(live, rebuilt)) {
    differing += 1;
    if (found.length < most) found.push(difference);
  }
  return {
    table,
    live: live.digest(),
    rebuilt: rebuilt.digest(),
    differing,
    differences: await described(table, shape, found, sides),
  };
}

/** A stream of rows with the one that is looked at, counted and hashed as it goes by. */
class Side {
  #rows = 0;
  readonly #hash = createHash('sha256');
  current: RowPrint | undefined;

  constructor(private readonly prints: AsyncGenerator<RowPrint, void>) {}

  async next(): Promise<void> {
    const { done, value } = await this.prints.next();
    this.current = done ? undefined : value;
    if (!this.current) return;
    this.#rows += 1;
    this.#hash.update(`${this.current.key}\n${this.current.print}\n`);
  }

  digest(): TableDigest {
    return { rows: this.#rows, digest: this.#hash.copy().digest('hex') };
  }
}

/** Both streams come in the order of the keys' bytes, so that one pass over both is enough. */
async function* differences(live: Side, rebuilt: Side): AsyncGenerator<Pick<RowDifference, 'key' | 'kind'>, void> {
  await live.next();
  await rebuilt.next();
  while (live.current || rebuilt.current) {
    const order = compareKeys(live.current?.key, rebuilt.current?.key);
    const key = (order <= 0 ? live.current?.key : rebuilt.current?.key) ?? '';
    if (order < 0) yield { key, kind: 'extra' };
    else if (order > 0) yield { key, kind: 'missing' };
    else if (live.current?.print !== rebuilt.current?.print) yield { key, kind: 'altered' };
    if (order <= 0) await live.next();
    if (order >= 0) await rebuilt.next();
  }
}

/** A stream that has ended comes last. */
function compareKeys(live: string | undefined, rebuilt: string | undefined): number {
  if (live === rebuilt) return 0;
  if (live === undefined) return 1;
  if (rebuilt === undefined) return -1;
  return Buffer.compare(Buffer.from(live), Buffer.from(rebuilt));
}

async function described(
  table: string,
  shape: RowShape,
  found: readonly Pick<RowDifference, 'key' | 'kind'>[],
  sides: Sides,
): Promise<RowDifference[]> {
  const altered = found.filter(({ kind }) => kind === 'altered').map(({ key }) => key);
  if (altered.length === 0) return [...found];
  const live = await rowsByKey(table, shape, altered, sides.live);
  const rebuilt = await rowsByKey(table, shape, altered, sides.rebuilt);
  return found.map(difference => {
    const [has, should] = [live.get(difference.key), rebuilt.get(difference.key)];
    if (!has || !should) return difference;
    const columns = shape.columns
      .filter(name => has[name] !== should[name])
      .map(name => ({ name, live: has[name] ?? null, rebuilt: should[name] ?? null }));
    return { ...difference, columns };
  });
}
