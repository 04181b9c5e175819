import { PARTITIONS } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import type { DomainEvent } from '@runledger/kernel';
import type { EntityManager } from 'typeorm';

/**
 * Events → rows. The runner hands over batches in log order inside one transaction and commits rows and checkpoint
 * together (P1); `apply` writes through `rows` only. It must depend on nothing but the events and its own rows, so that a
 * rebuild gives the same bytes (P2).
 */
export interface Projection {
  /** Names its checkpoint; never rename it. */
  readonly name: string;
  /** Raise to rebuild from the first event. */
  readonly version: number;
  /** Empty: every type. */
  readonly types: readonly string[];
  /** Tables that only this projection writes, without a schema: the DataSource decides which copy is meant. */
  readonly tables: readonly string[];
  /**
   * True: several processes may share it, split by `metadata.correlationId`. Only if each row is touched by events of one
   * correlation id alone, and none is read for another's sake. Left out: one process runs it whole. Raise `version` with it.
   */
  readonly partitioned?: boolean;
  /** True: events come exactly as they were stored, types that the catalogue does not know included. */
  readonly asStored?: boolean;
  /** Rest between two batches while it keeps up, so that it takes more at a time; default: its host's. */
  readonly restMs?: number;
  /** Data arrives upcast to today's version. */
  apply(events: readonly RecordedEvent[], rows: EntityManager): Promise<void>;
  /** What {@link Changes} names in its notices: the key of the row that an event touches. */
  keyOf?(event: RecordedEvent): string | undefined;
}

/** Its name among the checkpoints. */
export function consumerOf({ name }: Pick<Projection, 'name'>): string {
  return `projection/${name}`;
}

/** Into how many partitions it is split. */
export function partsOf({ partitioned }: Pick<Projection, 'partitioned'>): number {
  return partitioned ? PARTITIONS : 1;
}

/** A stored event whose type decides its data; pass the union of the events that a projection reads. */
export type Recorded<Event extends DomainEvent> = Event extends DomainEvent
  ? Omit<RecordedEvent, 'type' | 'data'> & Event
  : never;
