import type { CheckpointLease, Checkpoints, Position, Queryable } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';

/** Checkpoints in one table, for specs that let them fail on purpose. */
export class SqlCheckpoints implements Checkpoints {
  /** Called before each write; throw to fail it. */
  beforeAdvance: () => void = () => undefined;

  constructor(private readonly database: Queryable) {}

  async create(): Promise<void> {
    await this.database.query(`CREATE TABLE public.consumer_positions (
      consumer text, version int, epoch int NOT NULL, position bigint NOT NULL, PRIMARY KEY (consumer, version))`);
  }

  async acquire(consumer: string, version: number, owner: string): Promise<CheckpointLease> {
    const { rows } = await this.database.query(
      `INSERT INTO public.consumer_positions AS p VALUES ($1, $2, 1, 0)
       ON CONFLICT (consumer, version) DO UPDATE SET epoch = p.epoch + 1 RETURNING epoch, position`,
      [consumer, version],
    );
    return {
      consumer,
      version,
      owner,
      epoch: Number(rows[0]?.['epoch']),
      position: BigInt(String(rows[0]?.['position'])),
    };
  }

  async advance(lease: CheckpointLease, position: Position, transaction?: Queryable): Promise<CheckpointLease> {
    this.beforeAdvance();
    const { rows } = await (transaction ?? this.database).query(
      `UPDATE public.consumer_positions SET position = $4 WHERE consumer = $1 AND version = $2 AND epoch = $3 AND position = $5
       RETURNING position`,
      [lease.consumer, lease.version, lease.epoch, position, lease.position],
    );
    if (rows.length === 0) throw new Fault('FENCED', `${lease.consumer} has another owner.`);
    return { ...lease, position };
  }

  async read(consumer: string, version: number): Promise<Position | undefined> {
    const { rows } = await this.database.query(
      'SELECT position FROM public.consumer_positions WHERE consumer = $1 AND version = $2',
      [consumer, version],
    );
    return rows[0] && BigInt(String(rows[0]['position']));
  }
}
