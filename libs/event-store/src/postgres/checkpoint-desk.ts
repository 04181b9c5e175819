import { Fault } from '@runledger/kernel';
import type { Pool } from 'pg';
import { LogBehindError } from '../log-behind-error.js';
import { START } from '../port.js';
import type { EventStore, Position } from '../port.js';
import { endOf } from './end-of-log.js';
import { checkedSchema, inSchema } from './migrate.js';

/** Where one checkpoint stands. `ahead`: beyond the end of the log; `other-log`: it was written against another one. */
export interface CheckpointStanding {
  readonly consumer: string;
  readonly version: number;
  /** Undefined for a consumer that one process reads whole. */
  readonly partition: number | undefined;
  readonly position: Position;
  readonly state: 'fits' | 'ahead' | 'other-log';
}

/** What a reset has changed. */
export interface CheckpointReset {
  readonly checkpoints: number;
  /** Events behind the new place that were parked: they will be delivered again. */
  readonly parkedEvents: number;
}

/** Somebody works with the checkpoint that is to be moved. */
export class ConsumerAtWorkError extends Fault {
  constructor(consumer: string, members: readonly string[]) {
    super(
      'CONSUMER_AT_WORK',
      `${consumer} is at work in ${members.join(', ')}: stop every process of the platform, then reset it. A process that was killed counts as at work for half a minute.`,
      { fields: { consumer, members } },
    );
  }
}

/** No checkpoint of this name is kept. */
export class UnknownConsumerError extends Fault {
  constructor(consumer: string, known: readonly string[]) {
    super('UNKNOWN_CONSUMER', `There is no checkpoint of ${consumer}. There are: ${known.join(', ') || 'none'}.`, {
      fields: { consumer },
    });
  }
}

/**
 * For operators, while nothing runs: shows all checkpoints, and puts those that do not fit the log, as after the restore of an
 * older one, back to a place from which nothing is skipped.
 */
export class CheckpointDesk {
  readonly #sql: ReturnType<typeof statementsFor>;

  /** `log`: the one that the checkpoints speak of. `pool` comes in as the owner of the event store's tables. */
  constructor(
    private readonly pool: Pool,
    private readonly log: Pick<EventStore, 'identity' | 'head' | 'readAll'>,
    options: { readonly schema?: string } = {},
  ) {
    this.#sql = statementsFor(checkedSchema(options.schema));
  }

  /** The end of the log, and every checkpoint by consumer, version and partition. */
  async list(): Promise<{ readonly head: Position; readonly checkpoints: readonly CheckpointStanding[] }> {
    const [head, identity] = [await this.log.head(), await this.log.identity()];
    const { rows } = await this.pool.query<Row>(this.#sql.list, [identity]);
    const beyond = await this.#beyond(rows.map(({ position }) => BigInt(position)));
    return { head, checkpoints: rows.map(row => standingOf(row, beyond)) };
  }

  /** Those positions that the log does not reach. */
  async #beyond(positions: readonly Position[]): Promise<ReadonlySet<Position>> {
    const beyond = new Set<Position>();
    for (const position of new Set(positions)) {
      try {
        await endOf(this.log, position);
      } catch (error) {
        if (!(error instanceof LogBehindError)) throw error;
        beyond.add(position);
      }
    }
    return beyond;
  }

  /**
   * Puts all checkpoints of the consumer to the first event of this log, so that everything is delivered to it again: a reactor
   * does nothing twice (R1), a read model is built anew (P2): `empty` takes its rows away before. Throws
   * `UnknownConsumerError` or `ConsumerAtWorkError`.
   */
  async reset(consumer: string, empty: () => Promise<void> = () => Promise.resolve()): Promise<CheckpointReset> {
    const { checkpoints } = await this.list();
    const known = [...new Set(checkpoints.map(standing => standing.consumer))];
    if (!known.includes(consumer)) throw new UnknownConsumerError(consumer, known);
    const { rows } = await this.pool.query<{ id: string }>(this.#sql.members, [consumer]);
    if (rows.length > 0) {
      throw new ConsumerAtWorkError(
        consumer,
        rows.map(({ id }) => id),
      );
    }
    await empty();
    const moved = await this.pool.query<{ checkpoints: number; parked: number }>(this.#sql.reset, [
      consumer,
      await this.log.identity(),
      String(START),
    ]);
    const [{ checkpoints: count, parked } = { checkpoints: 0, parked: 0 }] = moved.rows;
    return { checkpoints: count, parkedEvents: parked };
  }
}

interface Row {
  readonly consumer: string;
  readonly version: number;
  readonly partition: number | null;
  readonly position: string;
  readonly same_log: boolean;
}

function standingOf({ consumer, version, partition, position, same_log: isOurs }: Row, beyond: ReadonlySet<Position>) {
  const at = BigInt(position);
  const state = !isOurs ? 'other-log' : beyond.has(at) ? 'ahead' : 'fits';
  return { consumer, version, partition: partition ?? undefined, position: at, state } as const;
}

function statementsFor(schema: string) {
  return {
    list: inSchema(
      `select consumer, version, null::int as partition, position, store_epoch = $1::uuid as same_log
         from runledger.checkpoint
       union all
       select consumer, version, partition, position, store_epoch = $1::uuid from runledger.partition_checkpoint
        order by 1, 2, 3 nulls first`,
      schema,
    ),
    members: inSchema(
      `select m.id from runledger.member m
        where m.expires_at > clock_timestamp() and exists
          (select from unnest(m.consumers) c where starts_with(c, $1 || '@')) order by 1`,
      schema,
    ),
    // The epoch is raised: whoever still believes to own it is fenced off (R3).
    reset: inSchema(
      `with whole as (
         update runledger.checkpoint set position = $3, store_epoch = $2, epoch = epoch + 1, updated_at = now()
          where consumer = $1 returning 1),
       parts as (
         update runledger.partition_checkpoint
            set position = $3, store_epoch = $2, epoch = epoch + 1, owner = null, updated_at = now()
          where consumer = $1 returning 1),
       parked as (delete from runledger.parked_event where consumer = $1 and gpos > $3 returning 1)
       select ((select count(*) from whole) + (select count(*) from parts))::int as checkpoints,
              (select count(*) from parked)::int as parked`,
      schema,
    ),
  };
}
