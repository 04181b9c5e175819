import { partitionOf } from '@runledger/event-store';
import type { PartitionLease, Partitions, Position, RecordedEvent } from '@runledger/event-store';
import type { DataSource } from 'typeorm';
import type { Projection } from './projection.js';
import { partsOf } from './projection.js';
import { queryable } from './queryable.js';

/** The rows of one projection and the checkpoints of the partitions that this process has, which only ever move together (P1). */
export class TransactionalRows {
  #leases: readonly PartitionLease[];

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: Partitions,
    private readonly projection: Projection,
    leases: readonly PartitionLease[],
  ) {
    this.#leases = leases;
  }

  get leases(): readonly PartitionLease[] {
    return this.#leases;
  }

  /** Where the partition stands that is farthest behind: reading goes on from here. */
  get position(): Position {
    return this.#leases.map(({ position }) => position).reduce((least, each) => (each < least ? each : least));
  }

  /** True when the event is of a partition that this process has, and not in the rows yet. */
  wants(event: RecordedEvent): boolean {
    const partition = partsOf(this.projection) === 1 ? 0 : partitionOf(event.metadata.correlationId);
    return this.#leases.some(lease => lease.partition === partition && lease.position < event.position);
  }

  /** Applies the events and moves the checkpoints to `scannedTo`, both or neither. */
  async commit(events: () => readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    this.#leases = await this.dataSource.transaction(async rows => {
      // The checkpoint first: who may not go on learns it before the work, and whoever holds it keeps the rows as they are.
      const moved = await this.#advanced(scannedTo, rows);
      await this.projection.apply(events(), rows);
      return moved;
    });
  }

  /** Moves the checkpoints over events that are not wanted. */
  async skipTo(scannedTo: Position): Promise<void> {
    this.#leases = await this.#advanced(scannedTo);
  }

  /**
   * After a failure: the commit may have succeeded although its answer was lost, and partitions may have gone to another owner
   * (R3). Answers whether some have.
   */
  async resync(): Promise<boolean> {
    const [first] = this.#leases;
    if (!first) return false;
    const places = await this.partitions.read(first.consumer, first.version);
    const kept = this.#leases.flatMap(lease => {
      const place = places.find(({ partition, epoch }) => partition === lease.partition && epoch === lease.epoch);
      return place ? [{ ...lease, position: place.position }] : [];
    });
    const someLost = kept.length < this.#leases.length;
    this.#leases = kept;
    return someLost;
  }

  async #advanced(scannedTo: Position, rows?: Parameters<typeof queryable>[0]): Promise<readonly PartitionLease[]> {
    const moves = this.#leases.filter(({ position }) => position < scannedTo);
    const moved = await this.partitions.advance(
      moves.map(lease => ({ lease, position: scannedTo })),
      rows && queryable(rows),
    );
    return [...this.#leases.filter(lease => !moves.includes(lease)), ...moved];
  }
}
