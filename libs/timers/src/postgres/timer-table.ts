import type { Queryable } from '@runledger/event-store';
import { firingId } from '../firing.js';
import type { CheckedTimer } from '../new-timer.js';
import type { Firing, NewTimer, TimerStanding } from '../port.js';
import { timerSchema } from './timer-tables.js';

/** A firing that this process has begun, under the epoch of its claim. */
export interface Claimed {
  readonly firing: Firing;
  readonly epoch: string;
}

/** A timer whose handler failed for good. */
export interface ParkedTimer {
  readonly name: string;
  readonly kind: string;
  readonly tenant: string;
  readonly dueAt: string;
  readonly attempts: number;
  /** What kind of failure it was, in a word. */
  readonly failure: string;
}

/**
 * The timers of one service as rows. All times are the database's: `statement_timestamp()`, because an index can be searched
 * by it. Each statement stands alone, so no connection is held while a handler works.
 */
export class TimerTable {
  readonly #table: string;
  readonly #epoch: string;

  constructor(
    private readonly database: Queryable,
    service: string,
  ) {
    this.#table = `${timerSchema(service)}.timer`;
    this.#epoch = `nextval('${timerSchema(service)}.timer_epoch')`;
  }

  /** Milliseconds until it is due; undefined when this very timer was there already. */
  async set({ name, kind, tenant }: NewTimer, { payload, dueAt, afterMs }: CheckedTimer): Promise<number | undefined> {
    const [row] = await this.#rows(
      `INSERT INTO ${this.#table} AS timer (name, kind, tenant, payload, due_at, next_at, epoch)
       SELECT $1, $2, $3, $4, due, due, ${this.#epoch} FROM (SELECT coalesce($5::timestamptz,
         date_trunc('milliseconds', statement_timestamp()) + $6::bigint * interval '1 millisecond') AS due) AS new
       ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, tenant = excluded.tenant, payload = excluded.payload,
         due_at = excluded.due_at, next_at = excluded.due_at, epoch = excluded.epoch,
         attempts = 0, failure = NULL, parked_at = NULL
       WHERE (timer.kind, timer.tenant, timer.payload, timer.due_at)
         IS DISTINCT FROM (excluded.kind, excluded.tenant, excluded.payload, excluded.due_at)
       RETURNING ${inMs('due_at')} AS in_ms`,
      [name, kind, tenant, payload, dueAt ?? null, afterMs ?? null],
    );
    return row && Number(row['in_ms']);
  }

  async cancel(name: string): Promise<void> {
    await this.#rows(`DELETE FROM ${this.#table} WHERE name = $1`, [name]);
  }

  /** Takes up to `limit` due timers, the oldest first; whoever dies with them loses them after `leaseMs`. */
  async claim(kinds: readonly string[], limit: number, leaseMs: number): Promise<Claimed[]> {
    const rows = await this.#rows(
      `WITH due AS MATERIALIZED (
         SELECT name FROM ${this.#table}
         WHERE parked_at IS NULL AND next_at <= statement_timestamp() AND kind = ANY ($1)
         ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       UPDATE ${this.#table} AS timer
       SET next_at = statement_timestamp() + $3::bigint * interval '1 millisecond', epoch = ${this.#epoch}, attempts = attempts + 1
       FROM due WHERE timer.name = due.name
       RETURNING timer.*, statement_timestamp() AS fired_at`,
      [kinds, limit, leaseMs],
    );
    return rows.map(claimed);
  }

  /** Lets claims last for `leaseMs` from now on; passes by those that are over. */
  async renew(held: readonly Claimed[], leaseMs: number): Promise<void> {
    await this.#rows(
      `UPDATE ${this.#table} AS timer SET next_at = statement_timestamp() + $3::bigint * interval '1 millisecond'
       FROM unnest($1::text[], $2::bigint[]) AS held (name, epoch)
       WHERE timer.name = held.name AND timer.epoch = held.epoch`,
      [held.map(({ firing }) => firing.name), held.map(({ epoch }) => epoch), leaseMs],
    );
  }

  /** Nothing happens when the claim is over: it was set anew, cancelled, or taken by another (R3). */
  async done({ firing, epoch }: Claimed): Promise<void> {
    await this.#rows(`DELETE FROM ${this.#table} WHERE name = $1 AND epoch = $2`, [firing.name, epoch]);
  }

  /** The claim is over then: a renewal that is under way comes too late. */
  async failed({ firing, epoch }: Claimed, failure: string, againInMs: number): Promise<void> {
    await this.#rows(
      `UPDATE ${this.#table} SET failure = $3, epoch = ${this.#epoch},
         next_at = statement_timestamp() + $4::bigint * interval '1 millisecond'
       WHERE name = $1 AND epoch = $2`,
      [firing.name, epoch, failure, Math.ceil(againInMs)],
    );
  }

  async park({ firing, epoch }: Claimed, failure: string): Promise<void> {
    await this.#rows(
      `UPDATE ${this.#table} SET failure = $3, epoch = ${this.#epoch}, parked_at = statement_timestamp()
       WHERE name = $1 AND epoch = $2`,
      [firing.name, epoch, failure],
    );
  }

  /** Milliseconds until one of these kinds is to be looked at; undefined when none waits. */
  async nextInMs(kinds: readonly string[]): Promise<number | undefined> {
    const [row] = await this.#rows(
      `SELECT ${inMs('next_at')} AS in_ms FROM ${this.#table}
       WHERE parked_at IS NULL AND kind = ANY ($1) ORDER BY next_at LIMIT 1`,
      [kinds],
    );
    return row && Number(row['in_ms']);
  }

  /** Reads what is due or parked only: timers that wait are not counted. */
  async standing(): Promise<TimerStanding> {
    const [row] = await this.#rows(
      `SELECT count(*)::int AS due, coalesce(max(-${inMs('due_at')}), 0) AS lag_ms,
         (SELECT count(*)::int FROM ${this.#table} WHERE parked_at IS NOT NULL) AS parked
       FROM ${this.#table} WHERE parked_at IS NULL AND next_at <= statement_timestamp()`,
      [],
    );
    return { due: Number(row?.['due']), lagMs: Math.max(0, Number(row?.['lag_ms'])), parked: Number(row?.['parked']) };
  }

  /** Those that failed for good, the latest first. */
  async parked(limit: number): Promise<ParkedTimer[]> {
    const rows = await this.#rows(
      `SELECT name, kind, tenant, due_at, attempts, failure FROM ${this.#table}
       WHERE parked_at IS NOT NULL ORDER BY parked_at DESC LIMIT $1`,
      [limit],
    );
    return rows.map(row => ({
      ...{ name: text(row, 'name'), kind: text(row, 'kind'), tenant: text(row, 'tenant') },
      dueAt: (row['due_at'] as Date).toISOString(),
      attempts: Number(row['attempts']),
      failure: text(row, 'failure'),
    }));
  }

  /** Fires a parked one again, at once and from its first attempt. False when there is none of this name. */
  async retry(name: string): Promise<boolean> {
    const rows = await this.#rows(
      `UPDATE ${this.#table} SET parked_at = NULL, failure = NULL, attempts = 0, next_at = statement_timestamp()
       WHERE name = $1 AND parked_at IS NOT NULL RETURNING name`,
      [name],
    );
    return rows.length > 0;
  }

  async #rows(statement: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.database.query(statement, values);
    return rows;
  }
}

type Row = Record<string, unknown>;

function claimed(row: Row): Claimed {
  const name = text(row, 'name');
  const dueAt = (row['due_at'] as Date).toISOString();
  return {
    epoch: text(row, 'epoch'),
    firing: {
      ...{ id: firingId(name, dueAt), name, kind: text(row, 'kind'), tenant: text(row, 'tenant') },
      payload: row['payload'],
      dueAt,
      firedAt: (row['fired_at'] as Date).toISOString(),
      attempt: Number(row['attempts']),
    },
  };
}

function text(row: Row, column: string): string {
  return row[column] as string;
}

function inMs(column: string): string {
  return `extract(epoch FROM ${column} - statement_timestamp()) * 1000`;
}
