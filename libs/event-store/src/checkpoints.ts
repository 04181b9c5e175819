import type { ParkedEvents, Parking } from './parked-events.js';
import type { ConsumerVersion, Partitions } from './partitions.js';
import type { Position } from './port.js';

/** The right to move one consumer's checkpoint. A newer owner has a higher epoch and fences this one off (R3). */
export interface CheckpointLease {
  readonly consumer: string;
  readonly version: number;
  readonly owner: string;
  readonly epoch: number;
  /** Where the consumer stood when the lease was taken; START for a new one. */
  readonly position: Position;
}

/** What can run one SQL statement: a pool, a client inside a transaction, or an ORM's query runner wrapped so. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/**
 * Where consumers of the log stand. One row per consumer and version; whoever acquires raises the epoch, and a write with
 * an older epoch fails with {@link FencedError}.
 */
export interface Checkpoints {
  acquire(consumer: string, version: number, owner: string): Promise<CheckpointLease>;
  /** Moves the checkpoint from `lease.position` forward and returns the lease at its new place; inside `transaction` when given (P1). */
  advance(lease: CheckpointLease, position: Position, transaction?: Queryable): Promise<CheckpointLease>;
  read(consumer: string, version: number): Promise<Position | undefined>;
}

/** A consumer whose rows were built beside the live ones, up to `position`. */
export interface Replacement extends ConsumerVersion {
  /** Into how many partitions it is split. */
  readonly parts: number;
  readonly position: Position;
}

/** Checkpoints of consumers that read the whole log in order, and of those that many processes share. */
export interface SharedCheckpoints extends Checkpoints {
  readonly partitions: Partitions;
  readonly parking: Parking;
  readonly parked: ParkedEvents;
  /** Until the transaction ends nobody moves the consumer or takes it over. Where its versions stand on this log. */
  hold(consumer: string, transaction: Queryable): Promise<readonly Position[]>;
  /**
   * Puts the consumer at the position and fences whoever owns it, in any version (R3): they take it up again from there. Call
   * it in the transaction that holds it.
   */
  replace(replacement: Replacement, transaction: Queryable): Promise<void>;
}
