import type { CheckpointLease, Queryable } from './checkpoints.js';
import type { Position } from './port.js';

/** Into how many parts the work of one consumer is split; fixed for ever, because checkpoints are kept per part. */
export const PARTITIONS = 16;

/** Who says that it lives for longer is not believed: the database's clock was set back since. */
export const LONGEST_TTL_MS = 300_000;

/** The part, 0 to 15, that events of this key belong to (`metadata.correlationId`, so that a run is in one part). Never changes. */
export function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  // Keys that differ in their last characters only would fall into neighbouring parts without this.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % PARTITIONS;
}

/** The right to move the checkpoint of one partition. Whoever takes it next has a higher epoch and fences this one off (R3). */
export interface PartitionLease extends CheckpointLease {
  readonly partition: number;
}

export interface PartitionMove {
  readonly lease: PartitionLease;
  /** Not before `lease.position`. */
  readonly position: Position;
}

/** Where one partition stands, and who has it. */
export interface PartitionPlace {
  readonly partition: number;
  readonly position: Position;
  readonly epoch: number;
  /** A living member; undefined: free, or of a member that fell silent. */
  readonly owner?: string;
}

export interface ConsumerVersion {
  readonly consumer: string;
  readonly version: number;
}

export interface Heartbeat {
  /** Names one life of one process: a new one after it was found dead. */
  readonly member: string;
  /** How long this heartbeat counts, by the database's clock; {@link LONGEST_TTL_MS} at most. */
  readonly ttlMs: number;
  readonly consumers: readonly ConsumerVersion[];
  /** The first one of this member. */
  readonly joining: boolean;
  /** Of `consumers`: those whose every partition is taken over at once, whoever has it. */
  readonly seizing?: readonly ConsumerVersion[];
}

/** One consumer as a heartbeat found it. */
export interface Standing extends ConsumerVersion {
  /** Living members that run it. */
  readonly members: number;
  /** How many partitions this member should have: all shares together make all partitions of the consumer. */
  readonly share: number;
  /** Everything that this member has now, more than its share included. */
  readonly leases: readonly PartitionLease[];
}

/**
 * The partitions of consumers that many processes share.
 *
 * L1 A member is alive until its last heartbeat has run out, by the database's clock, and somebody has found it so; from
 *    then on it never is again. What a member has is free as soon as the member is no more.
 *    Nor is one that would be for longer than {@link LONGEST_TTL_MS}: that clock was set back.
 * L2 Whoever takes a partition raises its epoch; a checkpoint is moved under the newest epoch only (R3).
 */
export interface Partitions {
  /**
   * Makes the checkpoints of a new consumer; one that was not split until now goes on from where it stood, and who ran it
   * is fenced off. `parts`, default {@link PARTITIONS}: 1 for a consumer that one process runs whole; it never changes for
   * one version. Throws `LogBehindError` when they are of another log or beyond the end of this one.
   */
  prepare(consumer: string, version: number, parts?: number): Promise<void>;
  /** Says that the member lives and takes free partitions up to its share. Undefined: it was found dead, join anew (L1). */
  heartbeat(beat: Heartbeat): Promise<readonly Standing[] | undefined>;
  /**
   * Moves all of these checkpoints or none, inside `transaction` when given (P1), and returns the leases at their new
   * places. Throws `FencedError`, whose fields name the lost `partitions`.
   */
  advance(moves: readonly PartitionMove[], transaction?: Queryable): Promise<PartitionLease[]>;
  /** Of all partitions of the consumer, whoever has them, as `transaction` sees them when given; empty when it is not split. */
  read(consumer: string, version: number, transaction?: Queryable): Promise<PartitionPlace[]>;
  /** Sets partitions free; those that were lost meanwhile stay with who has them. */
  release(leases: readonly PartitionLease[]): Promise<void>;
  /** Ends the member; what it still has is free. */
  leave(member: string): Promise<void>;
}
