import type { Parking, PartitionLease, Position, RecordedEvent } from '@runledger/event-store';

/** A key of which something is set aside, and the partition that has it. */
export interface ParkedKey {
  readonly key: string;
  readonly partition: number;
}

interface Queue {
  readonly partition: number;
  first: Position;
  count: number;
}

/** Which keys of the partitions in hand have events set aside. Written by who has their leases only, so it stays true. */
export class ParkedKeys {
  readonly #queues = new Map<string, Queue>();
  readonly #discarded = new Set<Position>();

  constructor(private readonly parking: Parking) {}

  /** To be called before the first event. Resolves with the keys whose queues are to be tried again. */
  async load(leases: readonly PartitionLease[]): Promise<ParkedKey[]> {
    for (const position of await this.parking.discarded(leases)) this.#discarded.add(position);
    return this.look(leases);
  }

  /** What people have asked for since. */
  async look(leases: readonly PartitionLease[]): Promise<ParkedKey[]> {
    const queues = await this.parking.queues(leases);
    for (const { key, partition, first, count } of queues) this.#queues.set(key, { partition, first, count });
    const found = new Set(queues.map(({ key }) => key));
    // A queue whose only event was discarded is gone: its key goes on.
    const gone = [...this.#queues].filter(([key, { partition }]) => !found.has(key) && among(leases, partition));
    return [...queues.filter(({ wanted }) => wanted), ...gone.map(([key, { partition }]) => ({ key, partition }))];
  }

  get size(): number {
    return this.#queues.size;
  }

  /** Events that are set aside in a partition. */
  countIn(partition: number): number {
    let count = 0;
    for (const queue of this.#queues.values()) if (queue.partition === partition) count += queue.count;
    return count;
  }

  has(key: string): boolean {
    return this.#queues.has(key);
  }

  /** The event was dealt with before: it comes again because the checkpoint was written later than that. */
  isPast(key: string, { position }: RecordedEvent): boolean {
    if (this.#discarded.size > 0 && this.#discarded.has(position)) return true;
    const queue = this.#queues.get(key);
    return queue !== undefined && position < queue.first;
  }

  added(key: string, partition: number, position: Position): void {
    const queue = this.#queues.get(key);
    if (queue) queue.count += 1;
    else this.#queues.set(key, { partition, first: position, count: 1 });
  }

  movedTo(key: string, first: Position): void {
    const queue = this.#queues.get(key);
    if (!queue || first <= queue.first) return;
    queue.first = first;
    queue.count -= 1;
  }

  emptied(key: string): void {
    this.#queues.delete(key);
  }

  forget(partitions: readonly number[]): void {
    for (const [key, { partition }] of this.#queues) if (partitions.includes(partition)) this.#queues.delete(key);
  }
}

function among(leases: readonly PartitionLease[], partition: number): boolean {
  return leases.some(lease => lease.partition === partition);
}
