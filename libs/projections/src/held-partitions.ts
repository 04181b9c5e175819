import type { PartitionLease } from '@runledger/event-store';
import type { TransactionalRows } from './transactional-rows.js';

/** The partitions that one process has of a projection, each at the checkpoint to which it was moved last. */
export class HeldPartitions {
  readonly #leases = new Map<number, PartitionLease>();
  #atWork: TransactionalRows | undefined;

  get size(): number {
    return this.#leases.size;
  }

  take(leases: readonly PartitionLease[]): void {
    for (const lease of leases) this.#leases.set(lease.partition, lease);
  }

  drop(partitions: readonly number[]): void {
    for (const partition of partitions) this.#leases.delete(partition);
  }

  all(): PartitionLease[] {
    const worked = new Map(this.#atWork?.leases.map(lease => [lease.partition, lease]));
    return [...this.#leases.values()].map(lease => {
      const moved = worked.get(lease.partition);
      return moved?.epoch === lease.epoch ? moved : lease;
    });
  }

  /** Work on these rows begins with what is held now. */
  workOn(rows: TransactionalRows): void {
    this.#atWork = rows;
  }

  /** What the work has done; partitions that it has lost are nobody's here until they are granted again. */
  keep(rows: TransactionalRows, begunWith: readonly PartitionLease[]): void {
    this.#atWork = undefined;
    const kept = new Map(rows.leases.map(lease => [lease.partition, lease]));
    for (const { partition, epoch } of begunWith) {
      if (this.#leases.get(partition)?.epoch !== epoch) continue;
      const lease = kept.get(partition);
      if (lease) this.#leases.set(partition, lease);
      else this.#leases.delete(partition);
    }
  }
}
