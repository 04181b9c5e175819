import { readFileSync } from 'node:fs';
import { FencedError } from '@runledger/event-store';
import type { PartitionLease, Position, SchemaHistory } from '@runledger/event-store';
import type { Pool, PoolClient } from 'pg';
import { escapeLiteral } from 'pg';
import { SwallowedFailureError } from './consumer-errors.js';
import { checkpointsOf } from './define-consumer.js';

/** The tables of this library, in the database of the service. */
export const SDK_TABLES: SchemaHistory = {
  schema: 'runledger_sdk',
  migrations: [{ name: '0001-handled', sql: readFileSync(new URL('./0001-handled.sql', import.meta.url), 'utf8') }],
};

/** Longer than a statement can take that began before a lease was lost. */
const KEPT = '5 minutes';

/**
 * Which events a consumer has handled.
 *
 * H1 The note that an event was handled commits with its effects: both or neither. Whoever gets the event again finds the note.
 * H2 Nobody begins under a lease that was lost. Who had begun before still commits, and whoever has the lease now waits for that
 *    on the note's key.
 * H3 Handlers hold the consumer's lock shared. Who takes it alone (a replay, a person to forget) finds nothing under way, and
 *    what begins after it sees all that it did.
 */
export class HandledEvents {
  constructor(
    private readonly pool: Pool,
    private readonly consumer: string,
  ) {}

  /** Does `work` and notes the event, both or neither (H1); nothing when it was handled before. Throws `FencedError` (H2). */
  async once(
    place: { readonly position: Position; readonly lease: PartitionLease },
    work: (client: PoolClient) => Promise<void>,
  ): Promise<void> {
    await this.#transaction(this.#lock('pg_advisory_xact_lock_shared'), async client => {
      if (await this.#isFirst(client, place)) await work(client);
    });
  }

  /** Nothing of this consumer is under way meanwhile (H3). */
  alone<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#transaction(this.#lock('pg_advisory_xact_lock'), work);
  }

  /** The events behind `after` are to be handled again. */
  async forgetAfter(after: Position, client: PoolClient): Promise<void> {
    const values = [this.consumer, String(after)];
    await client.query('delete from runledger_sdk.handled where consumer = $1 and gpos > $2', values);
  }

  /** Forgets events that cannot come any more: the checkpoint has passed them, and they are no dead letters. */
  async tidy(): Promise<void> {
    await this.pool.query(TIDY, [this.consumer, checkpointsOf({ name: this.consumer })]);
  }

  /** The lock comes before the first statement that looks: what that one sees is what there is under the lock. */
  #lock(how: string): string {
    return `begin; select ${how}(hashtextextended(${escapeLiteral(`runledger_sdk/${this.consumer}`)}, 18003))`;
  }

  async #isFirst(
    client: PoolClient,
    { position, lease }: { readonly position: Position; readonly lease: PartitionLease },
  ): Promise<boolean> {
    const { consumer, version, partition, epoch } = lease;
    const values = [consumer, version, partition, epoch, this.consumer, String(position)];
    const { rows } = await client.query<{ mine: boolean; first: boolean }>(NOTE, values);
    if (rows[0]?.mine !== true) throw new FencedError(lease, [partition]);
    return rows[0].first;
  }

  async #transaction<T>(opening: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query(opening);
      const result = await work(client);
      const { command } = await client.query('commit');
      // PostgreSQL answers so when an earlier statement had failed.
      if (command !== 'COMMIT') throw new SwallowedFailureError(this.consumer);
      return result;
    } catch (error) {
      failure = await rolledBack(client);
      throw error;
    } finally {
      client.release(failure);
    }
  }
}

/** What stands in the way of using the connection again. */
async function rolledBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const NOTE = `
  with mine as (
    select p.partition from runledger.partition_checkpoint p
     where p.consumer = $1 and p.version = $2 and p.partition = $3 and p.epoch = $4),
  noted as (
    insert into runledger_sdk.handled (consumer, gpos, partition) select $5, $6, mine.partition from mine
    on conflict do nothing returning gpos)
  select exists (select from mine) as mine, exists (select from noted) as first`;

const TIDY = `
  delete from runledger_sdk.handled h using runledger.partition_checkpoint p
   where h.consumer = $1 and h.handled_at < now() - interval '${KEPT}'
     and p.consumer = $2 and p.partition = h.partition and p.position >= h.gpos
     and not exists (select from runledger.parked_event e where e.consumer = $2 and e.gpos = h.gpos)`;
