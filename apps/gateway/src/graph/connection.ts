import { RequestError } from './request-errors.js';
import type { CursorPart, CursorSigner } from './signed-cursor.js';

const MAX_PAGE = 200;

/** A page of a list, the way Relay shows it. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly endCursor: string | null;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
  };
}

export interface CountedConnection<Node> extends Connection<Node> {
  /** How many entries the list has, as far as they are counted. */
  readonly totalCount: () => Promise<number>;
}

/** How many entries were asked for; refuses what no page holds. */
export function pageSize(first: number | null | undefined, byDefault: number): number {
  const size = first ?? byDefault;
  if (size >= 0 && size <= MAX_PAGE) return size;
  throw new RequestError('BAD_USER_INPUT', `A page holds 0 to ${MAX_PAGE} entries, not ${size}.`, 'Ask page by page.');
}

/** Which page of a list that can be read from both ends. */
export interface PageAsked {
  readonly size: number;
  readonly cursor: string | undefined;
  /** True: `size` entries before the cursor, or the last ones. */
  readonly backwards: boolean;
}

/** As a list takes them. */
export interface PageArgs {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/**
 * `first`/`after` or `last`/`before`; refuses a mixture, because it has no one meaning. Where the schema has a default for `first`, whoever
 * passes just that cannot be told from who passed nothing.
 */
export function pageAsked({ first, after, last, before }: PageArgs, byDefault: number): PageAsked {
  const backwards = last != null || before != null;
  if (backwards && after != null) throw mixed('A page goes on `after` a cursor or back from `before` one, not both.');
  if (backwards && first != null && first !== byDefault) {
    throw mixed('`first` counts from the beginning of a list and says nothing of a page that is read from its end.');
  }
  return backwards
    ? { size: pageSize(last, byDefault), cursor: before ?? undefined, backwards }
    : { size: pageSize(first, byDefault), cursor: after ?? undefined, backwards };
}

function mixed(message: string): RequestError {
  return new RequestError('BAD_USER_INPUT', message, 'Pass `first` with `after`, or `last` with `before`.');
}

interface Page<Row, Node> {
  readonly size: number;
  /** The cursor that it begins behind, if any. */
  readonly cursor?: string | undefined;
  readonly list: unknown;
  readonly signer: CursorSigner;
  readonly place: (row: Row) => readonly CursorPart[];
  readonly node: (row: Row) => Node;
}

/** A page out of the rows behind the cursor; `rows` has one more than the page when the list goes on. */
export function connectionOf<Row, Node>(rows: readonly Row[], page: Page<Row, Node>): Connection<Node> {
  return connection(rows.slice(0, page.size), page, {
    hasNextPage: rows.length > page.size,
    hasPreviousPage: page.cursor !== undefined,
  });
}

/** A page out of the rows before the cursor, nearest first; `rows` has one more than the page when there are earlier ones. */
export function connectionBackwards<Row, Node>(rows: readonly Row[], page: Page<Row, Node>): Connection<Node> {
  return connection(rows.slice(0, page.size).reverse(), page, {
    hasNextPage: page.cursor !== undefined,
    hasPreviousPage: rows.length > page.size,
  });
}

function connection<Row, Node>(
  rows: readonly Row[],
  page: Page<Row, Node>,
  around: Pick<Connection<Node>['pageInfo'], 'hasNextPage' | 'hasPreviousPage'>,
): Connection<Node> {
  // Sealed when somebody asks for it: most ask for the last one only.
  const edges = rows.map(row => ({
    node: page.node(row),
    get cursor() {
      return page.signer.seal(page.list, page.place(row));
    },
  }));
  const pageInfo = {
    ...around,
    get startCursor() {
      return edges[0]?.cursor ?? null;
    },
    get endCursor() {
      return edges.at(-1)?.cursor ?? null;
    },
  };
  return { edges, nodes: edges.map(edge => edge.node), pageInfo };
}
