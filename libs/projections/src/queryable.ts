import type { Queryable } from '@runledger/event-store';
import type { EntityManager } from 'typeorm';

/** The transaction of `rows`, for checkpoints to move in. */
export function queryable(rows: EntityManager): Queryable {
  const runner = rows.queryRunner;
  if (!runner) throw new TypeError('Rows and checkpoint need one transaction, but there is no query runner.');
  return {
    query: async (text, values) => {
      const result = await runner.query(text, values, true);
      return { rows: result.records as Record<string, unknown>[] };
    },
  };
}
