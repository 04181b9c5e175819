import { derivedId } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import type { PoolClient, QueryResultRow } from 'pg';

/** Statements in the service's own database and schema, all of them in one transaction. */
export interface Statements {
  /** Answers the rows. `$1`, `$2` … stand for `values`. */
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** What a handler may do with one event. */
export interface Effects extends Statements {
  /**
   * A UUID for what leaves the database, such as a request to somebody else: the same each time that this event is handled, so
   * that the other side can drop the second one. `purpose` tells apart the requests of one event.
   */
  idempotencyKey(purpose?: string): string;
}

export function statementsIn(client: PoolClient): Statements {
  return {
    query: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows,
  };
}

export function effectsOf(client: PoolClient, consumer: string, event: RecordedEvent): Effects {
  return {
    ...statementsIn(client),
    idempotencyKey: (purpose = 'effect') => derivedId(event.id, `${consumer}/${purpose}`, 0),
  };
}
