import type { EventStore, PartitionLease, Position, RecordedEvent } from '@runledger/event-store';

/**
 * Where the log ended when this process had got each of its partitions. It alone reacts to what came after that, until the partition
 * goes to another (R3); to what came before, another may have reacted.
 */
export class Tenures {
  readonly #begun = new Map<number, { readonly epoch: number; readonly after: Position }>();

  constructor(private readonly store: Pick<EventStore, 'head'>) {}

  /** To be called with each lease that events come under; throws when the store is away. */
  async note(lease: PartitionLease | undefined): Promise<void> {
    if (!lease || this.#begun.get(lease.partition)?.epoch === lease.epoch) return;
    this.#begun.set(lease.partition, { epoch: lease.epoch, after: await this.store.head() });
  }

  /** Whether nobody else can have reacted to the event. */
  covers({ position }: RecordedEvent, lease: PartitionLease | undefined): boolean {
    const begun = lease && this.#begun.get(lease.partition);
    return begun !== undefined && begun.epoch === lease?.epoch && position > begun.after;
  }
}
