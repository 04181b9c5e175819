import type { Queryable } from '../checkpoints.js';
import type { ParkedQueue, Parking, ParkingFailure } from '../parked-events.js';
import type { PartitionLease } from '../partitions.js';
import type { Position, RecordedEvent } from '../port.js';
import { FencedError } from './fenced-error.js';
import { checkedSchema, inSchema } from './migrate.js';

/** Longer messages of faults are cut. */
const MESSAGE_LENGTH = 4_000;

/** Parking in the event store's own schema. */
export class PostgresParking implements Parking {
  readonly #sql: ReturnType<typeof statementsFor>;

  constructor(
    private readonly database: Queryable,
    options: { readonly schema?: string } = {},
  ) {
    this.#sql = statementsFor(checkedSchema(options.schema));
  }

  async park(lease: PartitionLease, key: string, event: RecordedEvent, failure?: ParkingFailure): Promise<void> {
    const { position, ...rest } = event;
    const what = [event.tenant, event.metadata.correlationId, event.id, event.type, JSON.stringify(rest)];
    const why = failure ? [failure.attempts, failure.code, cut(failure), failure.failingForMs] : [0, null, null, null];
    await this.#fenced(this.#sql.park, lease, [String(position), key, ...what, ...why]);
  }

  async queues(leases: readonly PartitionLease[]): Promise<ParkedQueue[]> {
    const { rows } = await this.#read(this.#sql.queues, leases);
    return (rows as { partition: number; key: string; first: string; count: number; wanted: boolean }[]).map(row => ({
      ...row,
      first: BigInt(row.first),
    }));
  }

  async discarded(leases: readonly PartitionLease[]): Promise<Position[]> {
    const { rows } = await this.#read(this.#sql.discarded, leases);
    return (rows as { gpos: string }[]).map(row => BigInt(row.gpos));
  }

  async next({ consumer, version, partition }: PartitionLease, key: string): Promise<RecordedEvent | undefined> {
    const { rows } = await this.database.query(this.#sql.next, [consumer, version, partition, key]);
    const row = rows[0] as { gpos: string; event: Omit<RecordedEvent, 'position'> } | undefined;
    return row && { ...row.event, position: BigInt(row.gpos) };
  }

  done(lease: PartitionLease, position: Position): Promise<void> {
    return this.#fenced(this.#sql.done, lease, [String(position)]);
  }

  failed(lease: PartitionLease, position: Position, failure: ParkingFailure): Promise<void> {
    const values = [String(position), failure.attempts, failure.code, cut(failure), failure.failingForMs];
    return this.#fenced(this.#sql.failed, lease, values);
  }

  #read(text: string, leases: readonly PartitionLease[]) {
    const [first] = leases;
    if (!first) return Promise.resolve({ rows: [] });
    return this.database.query(text, [first.consumer, first.version, leases.map(({ partition }) => partition)]);
  }

  async #fenced(text: string, lease: PartitionLease, values: readonly unknown[]): Promise<void> {
    const { consumer, version, partition, epoch } = lease;
    const { rows } = await this.database.query(text, [consumer, version, partition, epoch, ...values]);
    if (rows.length === 0) throw new FencedError(lease, [partition]);
  }
}

function cut({ message }: ParkingFailure): string {
  return message.slice(0, MESSAGE_LENGTH);
}

/** Holds the lease for as long as the statement takes: nobody takes the partition over meanwhile. */
const MINE = `mine as (
  select p.partition from runledger.partition_checkpoint p
   where p.consumer = $1 and p.version = $2 and p.partition = $3 and p.epoch = $4 for share)`;

const PLACE = 'e.consumer = $1 and e.version = $2';

function statementsFor(schema: string) {
  return {
    park: inSchema(
      `with ${MINE}, put as (
         insert into runledger.parked_event
           (consumer, version, partition, gpos, key, tenant, correlation_id, event_id, type, event,
            state, attempts, error_code, error_message, first_failed_at, last_failed_at)
         select $1, $2, $3, $5, $6, $7, $8, $9, $10, $11, case when $13::text is null then 'waiting' else 'parked' end,
                $12, $13, $14, now() - $15::float8 * interval '1 millisecond', case when $13::text is not null then now() end
           from mine on conflict do nothing)
       select * from mine`,
      schema,
    ),
    queues: inSchema(
      `select e.partition, e.key, min(e.gpos) as first, count(*)::int as count,
              bool_or(e.retry_requested_at is not null) or (array_agg(e.state order by e.gpos))[1] = 'waiting' as wanted
         from runledger.parked_event e where ${PLACE} and e.partition = any($3) and e.state <> 'discarded' group by 1, 2`,
      schema,
    ),
    discarded: inSchema(
      `select e.gpos from runledger.parked_event e join runledger.partition_checkpoint p using (consumer, version, partition)
        where ${PLACE} and e.partition = any($3) and e.state = 'discarded' and e.gpos > p.position`,
      schema,
    ),
    next: inSchema(
      `select e.gpos, e.event from runledger.parked_event e
        where ${PLACE} and e.partition = $3 and e.key = $4 and e.state <> 'discarded' order by e.gpos limit 1`,
      schema,
    ),
    done: inSchema(
      `with ${MINE}, gone as (
         delete from runledger.parked_event e using mine where ${PLACE} and e.gpos = $5 and e.state <> 'discarded')
       select * from mine`,
      schema,
    ),
    failed: inSchema(
      `with ${MINE}, kept as (
         update runledger.parked_event e
            set state = 'parked', attempts = e.attempts + $6, error_code = $7, error_message = $8, last_failed_at = now(),
                first_failed_at = coalesce(e.first_failed_at, now() - $9::float8 * interval '1 millisecond'),
                retry_requested_at = null, retry_requested_by = null
           from mine where ${PLACE} and e.gpos = $5 and e.state <> 'discarded')
       select * from mine`,
      schema,
    ),
  };
}
