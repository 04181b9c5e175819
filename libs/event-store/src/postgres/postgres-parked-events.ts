import type { Queryable } from '../checkpoints.js';
import type { ParkedEvent, ParkedEvents, ParkedFilter } from '../parked-events.js';
import { checkedSchema, inSchema } from './migrate.js';

interface ParkedRow {
  readonly consumer: string;
  readonly version: number;
  readonly gpos: string;
  readonly partition: number;
  readonly key: string;
  readonly state: ParkedEvent['state'];
  readonly tenant: string;
  readonly correlation_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly attempts: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly first_failed_at: Date | null;
  readonly last_failed_at: Date | null;
  readonly parked_at: Date;
  readonly retry_requested_at: Date | null;
  readonly retry_requested_by: string | null;
  readonly discarded_at: Date | null;
  readonly discarded_by: string | null;
  readonly discard_reason: string | null;
}

/** What people do about parked events, on the tables of the event store's own schema. */
export class PostgresParkedEvents implements ParkedEvents {
  readonly #sql: ReturnType<typeof statementsFor>;

  constructor(
    private readonly database: Queryable,
    options: { readonly schema?: string } = {},
  ) {
    this.#sql = statementsFor(checkedSchema(options.schema));
  }

  async list({ consumer, tenant, runId, states, after, limit }: ParkedFilter): Promise<ParkedEvent[]> {
    const from = after === undefined ? undefined : placeOf(after);
    if (after !== undefined && !from) return [];
    const { rows } = await this.database.query(this.#sql.list, [
      consumer ?? null,
      tenant ?? null,
      runId ?? null,
      states ?? null,
      ...(from ?? [null, null, null]),
      limit ?? 100,
    ]);
    return (rows as unknown as ParkedRow[]).map(parkedEvent);
  }

  async requestRetry(id: string, { by, tenant }: Parameters<ParkedEvents['requestRetry']>[1]) {
    return this.#change(id, tenant, place => this.database.query(this.#sql.retry, [...place, tenant ?? null, by]));
  }

  async discard(id: string, { by, reason, tenant }: Parameters<ParkedEvents['discard']>[1]) {
    return this.#change(id, tenant, place =>
      this.database.query(this.#sql.discard, [...place, tenant ?? null, by, reason]),
    );
  }

  async #change(
    id: string,
    tenant: string | undefined,
    change: (place: readonly unknown[]) => Promise<unknown>,
  ): Promise<ParkedEvent | undefined> {
    const place = placeOf(id);
    if (!place) return undefined;
    await change(place);
    const { rows } = await this.database.query(this.#sql.one, [...place, tenant ?? null]);
    const row = rows[0] as unknown as ParkedRow | undefined;
    return row && parkedEvent(row);
  }
}

/** Consumer, version and position; undefined when this is no id of a parked event. */
function placeOf(id: string): readonly unknown[] | undefined {
  const [, consumer, version, position] = /^(.+)@(\d{1,9}):(\d{1,18})$/.exec(id) ?? [];
  return consumer === undefined ? undefined : [consumer, Number(version), position];
}

function parkedEvent(row: ParkedRow): ParkedEvent {
  const { consumer, version, partition, key, state, tenant, attempts } = row;
  const error = row.error_code !== null &&
    row.first_failed_at !== null &&
    row.last_failed_at !== null && {
      code: row.error_code,
      message: row.error_message ?? '',
      firstAt: row.first_failed_at.toISOString(),
      lastAt: row.last_failed_at.toISOString(),
    };
  return {
    id: `${consumer}@${version}:${row.gpos}`,
    position: BigInt(row.gpos),
    ...{ consumer, version, partition, key, state, tenant, attempts },
    eventId: row.event_id,
    eventType: row.type,
    runId: row.correlation_id,
    parkedAt: row.parked_at.toISOString(),
    ...(error && { error }),
    ...(row.retry_requested_at && {
      retryRequested: { by: row.retry_requested_by ?? '', at: row.retry_requested_at.toISOString() },
    }),
    ...(row.discarded_at && {
      discarded: {
        by: row.discarded_by ?? '',
        at: row.discarded_at.toISOString(),
        reason: row.discard_reason ?? '',
      },
    }),
  };
}

function statementsFor(schema: string) {
  return {
    list: inSchema(
      `select * from runledger.parked_event e
        where ($1::text is null or e.consumer = $1) and ($2::text is null or e.tenant = $2)
          and ($3::text is null or e.correlation_id = $3) and ($4::text[] is null or e.state = any($4))
          and ($5::text is null or (e.consumer, e.version, e.gpos) > ($5, $6::int, $7::bigint))
        order by e.consumer, e.version, e.gpos limit $8`,
      schema,
    ),
    one: inSchema(
      `select * from runledger.parked_event e
        where e.consumer = $1 and e.version = $2 and e.gpos = $3 and ($4::text is null or e.tenant = $4)`,
      schema,
    ),
    retry: inSchema('select runledger.request_parked_retry($1, $2, $3, $4, $5)', schema),
    discard: inSchema('select runledger.discard_parked($1, $2, $3, $4, $5, $6)', schema),
  };
}
