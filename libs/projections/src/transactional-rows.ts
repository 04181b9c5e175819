import { partitionOf } from '@runledger/event-store';
import type { PartitionLease, Partitions, Position, RecordedEvent } from '@runledger/event-store';
import type { DataSource } from 'typeorm';
import type { Projection } from './projection.js';
import { partsOf } from './projection.js';
import { queryable } from './queryable.js';

/** `AS_BEFORE`: everything still stands, or more. `SOME_LOST`: partitions are another's. `FORGOTTEN`: commits were undone. */
export type Resynced = 'AS_BEFORE' | 'SOME_LOST' | 'FORGOTTEN';

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
   * After a failure: the commit may have succeeded although its answer was lost; partitions may have gone to another owner (R3);
   * and a server that died may have forgotten the newest commits, which do not wait for the disk. Then whatever was read since
   * is not all that is missing: reading has to begin again from {@link position}.
   */
  async resync(): Promise<Resynced> {
    const [first] = this.#leases;
    if (!first) return 'AS_BEFORE';
    const before = this.#leases;
    const places = await this.partitions.read(first.consumer, first.version);
    this.#leases = before.flatMap(lease => {
      const place = places.find(({ partition, epoch }) => partition === lease.partition && epoch === lease.epoch);
      return place ? [{ ...lease, position: place.position }] : [];
    });
    if (this.#leases.length < before.length) return 'SOME_LOST';
    return this.#leases.some(({ position }, index) => position < (before[index]?.position ?? 0n))
      ? 'FORGOTTEN'
      : 'AS_BEFORE';
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
