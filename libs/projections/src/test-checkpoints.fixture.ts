import { PostgresCheckpoints } from '@runledger/event-store';
import type { PartitionLease, PartitionMove, Position, Queryable } from '@runledger/event-store';
import type { ReadableLog } from './shadow/log-pages.js';

/** Real checkpoints of a log in memory, for specs that let them fail on purpose. */
export class TestCheckpoints extends PostgresCheckpoints {
  /** Called before each write; throw to fail it. */
  beforeAdvance: () => void = () => undefined;

  constructor(
    private readonly pool: Queryable,
    log: ReadableLog,
  ) {
    super(pool, { log });
    const advance = this.partitions.advance.bind(this.partitions);
    this.partitions.advance = (moves: readonly PartitionMove[], transaction?: Queryable): Promise<PartitionLease[]> => {
      this.beforeAdvance();
      return advance(moves, transaction);
    };
  }

  /** Forgets every consumer. */
  async clear(): Promise<void> {
    await this.pool.query('TRUNCATE runledger.partition_checkpoint, runledger.checkpoint, runledger.member');
  }

  /** Where the projection stands; undefined: it has never run. */
  async stored(projection: string, version = 1): Promise<Position | undefined> {
    const places = await this.partitions.read(`projection/${projection}`, version);
    return places.map(({ position }) => position).sort((a, b) => (a < b ? -1 : 1))[0];
  }
}
