// What this service remembers: counts per workspace and day, and the position in the log up to which they are true. Both
// change in one transaction, so that whatever is delivered twice, or again after a crash, is counted once.

const TABLES = `
  create schema if not exists daily_digest;
  create table if not exists daily_digest.reader (
    one boolean primary key default true check (one), position bigint not null);
  create table if not exists daily_digest.day (
    workspace text, day date, started int not null default 0, completed int not null default 0,
    failed int not null default 0, rejected int not null default 0, cancelled int not null default 0,
    spent_micro_units bigint not null default 0, unpriced int not null default 0, posted_at timestamptz,
    primary key (workspace, day));
  insert into daily_digest.reader (position) values (0) on conflict do nothing`;

/** The column that an event raises by one. */
const COUNTED = {
  RunStarted: 'started',
  RunCompleted: 'completed',
  RunFailed: 'failed',
  RunRejected: 'rejected',
  RunCancelled: 'cancelled',
};
export const TYPES = [...Object.keys(COUNTED), 'ChargeRecorded'];

export class DigestBook {
  #pool;

  /** `pool`: on a PostgreSQL of this service, or a schema of its own in a shared one. */
  constructor(pool) {
    this.#pool = pool;
  }

  /** Makes the tables at the first start, and answers where to go on reading. */
  async open() {
    await this.#pool.query(TABLES);
    const { rows } = await this.#pool.query('select position from daily_digest.reader');
    return BigInt(rows[0].position);
  }

  /** Counts a delivery and moves from `before` to `after`; throws when another copy of this service has moved it. */
  async take(events, before, after) {
    const client = await this.#pool.connect();
    try {
      await client.query('begin');
      const moved = await client.query('update daily_digest.reader set position = $2 where position = $1', [
        String(before),
        String(after),
      ]);
      if (moved.rowCount === 0) throw new Error(`Another copy of this service reads on from ${before}; this one ends.`);
      for (const event of events) await count(client, event);
      await client.query('commit');
      client.release();
    } catch (problem) {
      client.release(problem); // the connection is thrown away, and its transaction with it
      throw problem;
    }
  }

  /** Days before `today` (YYYY-MM-DD) that were not posted yet, oldest first. */
  async due(today) {
    const { rows } = await this.#pool.query(
      `select workspace, to_char(day, 'YYYY-MM-DD') as day, started, completed, failed, rejected, cancelled,
              spent_micro_units::float8 / 1e6 as spent, unpriced
         from daily_digest.day where day < $1 and posted_at is null order by day, workspace`,
      [today],
    );
    return rows;
  }

  async posted({ workspace, day }) {
    await this.#pool.query('update daily_digest.day set posted_at = now() where workspace = $1 and day = $2', [
      workspace,
      day,
    ]);
  }
}

async function count(client, { type, tenant, data, metadata }) {
  const column = COUNTED[type] ?? (data.amountMicroUnits === null ? 'unpriced' : 'spent_micro_units');
  const amount = column === 'spent_micro_units' ? data.amountMicroUnits : 1;
  await client.query(
    `insert into daily_digest.day (workspace, day, ${column}) values ($1, $2, $3)
     on conflict (workspace, day) do update set ${column} = daily_digest.day.${column} + excluded.${column}`,
    [tenant, metadata.occurredAt.slice(0, 10), amount],
  );
}
