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
