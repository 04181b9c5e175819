import type { CheckpointLease, Queryable } from '../checkpoints.js';
import { LogBehindError } from '../log-behind-error.js';
import type { Position } from '../port.js';
import type { Replacement, SharedCheckpoints } from '../shared-checkpoints.js';
import type { PostgresCheckpointsOptions } from './checkpoints-options.js';
import { endOf } from './end-of-log.js';
import { FencedError } from './fenced-error.js';
import { checkedSchema, inSchema } from './migrate.js';
import { PostgresParkedEvents } from './postgres-parked-events.js';
import { PostgresParking } from './postgres-parking.js';
import { PostgresPartitions } from './postgres-partitions.js';

/** Checkpoints in the event store's own schema. `database` is a pool on the database that `migrateEventStore` prepared. */
export class PostgresCheckpoints implements SharedCheckpoints {
  readonly partitions: PostgresPartitions;
  readonly parking: PostgresParking;
  readonly parked: PostgresParkedEvents;
  readonly #sql: ReturnType<typeof statementsFor>;
  readonly #log: PostgresCheckpointsOptions['log'];

  constructor(
    private readonly database: Queryable,
    options: PostgresCheckpointsOptions = {},
  ) {
    this.#sql = statementsFor(checkedSchema(options.schema));
    this.#log = options.log;
    this.partitions = new PostgresPartitions(database, options);
    this.parking = new PostgresParking(database, options);
    this.parked = new PostgresParkedEvents(database, options);
  }

  /**
   * Takes the consumer's checkpoint over from whoever held it. Throws `LogBehindError` when it was written against another
   * log or stands beyond the end of this one: going on would skip events.
   */
  async acquire(consumer: string, version: number, owner: string): Promise<CheckpointLease> {
    const identity = (await this.#log?.identity()) ?? null;
    const { rows } = await this.database.query(this.#sql.acquire, [consumer, version, owner, identity]);
    const row = rows[0] as { epoch: string; position: string; given: string; same_log: boolean };
    const position = BigInt(row.position);
    // Asked after the checkpoint was taken: from then on nobody else moves it, and the log only grows.
    const given = this.#log ? await endOf(this.#log, position) : BigInt(row.given);
    if (position > given || !row.same_log) {
      throw new LogBehindError(`Checkpoint ${consumer} (version ${version})`, position, given);
    }
    return { consumer, version, owner, epoch: Number(row.epoch), position };
  }

  async advance(lease: CheckpointLease, position: Position, transaction?: Queryable): Promise<CheckpointLease> {
    if (position < lease.position) {
      throw new RangeError(`Checkpoint ${lease.consumer} cannot go back from ${lease.position} to ${position}.`);
    }
    const values = [lease.consumer, lease.version, lease.epoch, String(lease.position), String(position)];
    const { rows } = await (transaction ?? this.database).query(this.#sql.advance, values);
    if (rows.length === 0) throw new FencedError(lease);
    return { ...lease, position };
  }

  async read(consumer: string, version: number): Promise<Position | undefined> {
    const { rows } = await this.database.query(this.#sql.read, [consumer, version]);
    const position = rows[0]?.['position'] as string | undefined;
    return position === undefined ? undefined : BigInt(position);
  }

  async hold(consumer: string, transaction: Queryable): Promise<readonly Position[]> {
    const identity = (await this.#log?.identity()) ?? null;
    const whole = await transaction.query(this.#sql.hold, [consumer, identity]);
    const parts = await transaction.query(this.#sql.holdParts, [consumer, identity]);
    const ofThisLog = [...whole.rows, ...parts.rows].filter(row => row['same_log'] === true);
    return ofThisLog.map(row => BigInt(String(row['position'])));
  }

  async replace({ consumer, version, parts, position }: Replacement, transaction: Queryable): Promise<void> {
    const identity = (await this.#log?.identity()) ?? null;
    await transaction.query(this.#sql.fence, [consumer]);
    await transaction.query(this.#sql.fenceParts, [consumer]);
    await transaction.query(this.#sql.replace, [consumer, version, parts, String(position), identity]);
  }
}

function statementsFor(schema: string) {
  return {
    acquire: inSchema(
      `insert into runledger.checkpoint as c (consumer, version, owner, epoch, store_epoch)
       select $1, $2, $3, 1, coalesce($4::uuid, s.epoch) from runledger.store s
       on conflict (consumer, version) do update set owner = excluded.owner, epoch = c.epoch + 1, updated_at = now()
       returning c.epoch, c.position,
         (select g.last_value from runledger.gpos g) as given,
         c.store_epoch = coalesce($4::uuid, (select s.epoch from runledger.store s)) as same_log`,
      schema,
    ),
    // The position is compared too: a lease whose last advance was rolled back, or is used twice, does not move it.
    advance: inSchema(
      `update runledger.checkpoint set position = $5, updated_at = now()
        where consumer = $1 and version = $2 and epoch = $3 and position = $4 returning epoch`,
      schema,
    ),
    hold: inSchema(`${held('runledger.checkpoint')} for update of c`, schema),
    // In the order in which `advance` locks them.
    holdParts: inSchema(
      `${held('runledger.partition_checkpoint')} order by c.version, c.partition for update of c`,
      schema,
    ),
    fence: inSchema(
      'update runledger.checkpoint set epoch = epoch + 1, updated_at = now() where consumer = $1',
      schema,
    ),
    fenceParts: inSchema(
      'update runledger.partition_checkpoint set owner = null, epoch = epoch + 1, updated_at = now() where consumer = $1',
      schema,
    ),
    replace: inSchema(
      `insert into runledger.partition_checkpoint (consumer, version, partition, position, store_epoch)
       select $1, $2, n, $4, coalesce($5::uuid, s.epoch) from generate_series(0, $3 - 1) n cross join runledger.store s
       on conflict (consumer, version, partition)
         do update set position = excluded.position, store_epoch = excluded.store_epoch`,
      schema,
    ),
    read: inSchema('select position from runledger.checkpoint where consumer = $1 and version = $2', schema),
  };
}

const held = (table: string) => `
  select c.position, c.store_epoch = coalesce($2::uuid, s.epoch) as same_log
    from ${table} c cross join runledger.store s where c.consumer = $1`;
