import type { Checkpoints, Queryable } from './checkpoints.js';
import type { ParkedEvents, Parking } from './parked-events.js';
import type { ConsumerVersion, Partitions } from './partitions.js';
import type { Position } from './port.js';

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
