import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { connectionBackwards, connectionOf, type Connection, type PageAsked } from './connection.js';
import type { CursorPart, CursorSigner } from './signed-cursor.js';

/** The order of a list; its columns together are unique. */
export interface ListOrder {
  readonly columns: readonly string[];
  readonly direction: 'ASC' | 'DESC';
}

/** Narrows a query to the rows of a page, nearest to the cursor first, and one more where the list goes on. */
export function narrowToPage<Row extends ObjectLiteral>(
  query: SelectQueryBuilder<Row>,
  { columns, direction }: ListOrder,
  { size, backwards }: PageAsked,
  cursor: readonly CursorPart[] | undefined,
): SelectQueryBuilder<Row> {
  const ascending = (direction === 'ASC') !== backwards;
  if (cursor) {
    const places = columns.map((_, index) => `:cursor${index}`);
    const values = Object.fromEntries(columns.map((_, index) => [`cursor${index}`, cursor[index]]));
    query.andWhere(`(${columns.join(', ')}) ${ascending ? '>' : '<'} (${places.join(', ')})`, values);
  }
  for (const column of columns) query.addOrderBy(column, ascending ? 'ASC' : 'DESC');
  return query.limit(size + 1);
}

/** Counting stops here, so that it costs the same in every list. */
const MOST_COUNTED = 1_000;

/** How many rows there are, at most {@link MOST_COUNTED}; asked of the database only when somebody asks. To be made before the page is cut. */
export function countOf<Row extends ObjectLiteral>(query: SelectQueryBuilder<Row>, column: string) {
  const counted = query.clone().select(column).limit(MOST_COUNTED);
  return async (): Promise<number> => (await counted.getRawMany()).length;
}

interface ListPage<Row, Node> extends PageAsked {
  readonly list: unknown;
  readonly signer: CursorSigner;
  readonly place: (row: Row) => readonly CursorPart[];
  readonly node: (row: Row) => Node;
}

/** The page out of the rows that {@link narrowToPage} left, in the order of the list. */
export function pageOfList<Row, Node>(rows: readonly Row[], page: ListPage<Row, Node>): Connection<Node> {
  return page.backwards ? connectionBackwards(rows, page) : connectionOf(rows, page);
}
