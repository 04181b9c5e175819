import { RequestError } from './request-errors.js';
import type { CursorPart, CursorSigner } from './signed-cursor.js';

export const MAX_PAGE = 200;

/** A page of a list, the way Relay shows it. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** How many entries were asked for; refuses what no page holds. */
export function pageSize(first: number | null | undefined, byDefault: number): number {
  const size = first ?? byDefault;
  if (size >= 0 && size <= MAX_PAGE) return size;
  throw new RequestError('BAD_USER_INPUT', `A page holds 0 to ${MAX_PAGE} entries, not ${size}.`, 'Ask page by page.');
}

/** A page out of the rows behind the cursor; `rows` has one more than the page when the list goes on. */
export function connectionOf<Row, Node>(
  rows: readonly Row[],
  page: {
    readonly size: number;
    readonly list: unknown;
    readonly signer: CursorSigner;
    readonly place: (row: Row) => readonly CursorPart[];
    readonly node: (row: Row) => Node;
  },
): Connection<Node> {
  const edges = rows.slice(0, page.size).map(row => ({
    cursor: page.signer.seal(page.list, page.place(row)),
    node: page.node(row),
  }));
  return {
    edges,
    nodes: edges.map(edge => edge.node),
    pageInfo: { hasNextPage: rows.length > page.size, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
