import type { PartitionLease } from './partitions.js';
import type { Position, RecordedEvent } from './port.js';

/** Why a reaction was given up. */
export interface ParkingFailure {
  /** Tries of this time. */
  readonly attempts: number;
  /** How long before now the first of them failed. */
  readonly failingForMs: number;
  readonly code: string;
  readonly message: string;
}

/** The events of one key that are set aside, in the order of the log. */
export interface ParkedQueue {
  readonly partition: number;
  readonly key: string;
  readonly first: Position;
  readonly count: number;
  /** To be tried again: somebody asked for it, or the one that this queue waited for is gone. */
  readonly wanted: boolean;
}

/**
 * Where a consumer sets events aside that it cannot deal with, and those of the same key behind them, so that their order is
 * kept while other keys go on. Writes are fenced by the lease of the events' partition (R3): `FencedError`.
 *
 * Q1 An event is set aside before the checkpoint passes it, so it is never in neither place; coming again it stays as it is.
 */
export interface Parking {
  /** Without a failure: the event waits behind one of its key. */
  park(lease: PartitionLease, key: string, event: RecordedEvent, failure?: ParkingFailure): Promise<void>;
  queues(leases: readonly PartitionLease[]): Promise<ParkedQueue[]>;
  /** Discarded events that the checkpoints of these partitions have not passed: they may come again. */
  discarded(leases: readonly PartitionLease[]): Promise<Position[]>;
  /** The first event of a queue, as it came. */
  next(lease: PartitionLease, key: string): Promise<RecordedEvent | undefined>;
  /** The first event was dealt with and leaves the queue. */
  done(lease: PartitionLease, position: Position): Promise<void>;
  /** The first event failed once more: it waits for another request. */
  failed(lease: PartitionLease, position: Position, failure: ParkingFailure): Promise<void>;
}

/** An event that was set aside, for people. Times are ISO 8601 UTC. */
export interface ParkedEvent {
  /** `<consumer>@<version>:<position>` */
  readonly id: string;
  readonly consumer: string;
  readonly version: number;
  readonly partition: number;
  readonly key: string;
  readonly position: Position;
  readonly eventId: string;
  readonly eventType: string;
  readonly tenant: string;
  /** The event's correlation id. */
  readonly runId: string;
  /** `parked`: it failed; `waiting`: behind one that failed; `discarded`: it will not be dealt with. */
  readonly state: 'parked' | 'waiting' | 'discarded';
  /** Of all times together; 0 while it waits. */
  readonly attempts: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly firstAt: string;
    readonly lastAt: string;
  };
  readonly parkedAt: string;
  readonly retryRequested?: { readonly by: string; readonly at: string };
  readonly discarded?: { readonly by: string; readonly at: string; readonly reason: string };
}

/** All given conditions must hold. */
export interface ParkedFilter {
  readonly consumer?: string;
  readonly tenant?: string;
  readonly runId?: string;
  readonly states?: readonly ParkedEvent['state'][];
  /** Exclusive: goes on behind this id of an earlier answer. */
  readonly after?: string;
  /** Default 100. */
  readonly limit?: number;
}

/** What people do about events that were set aside. With `tenant`, those of others do not exist. */
export interface ParkedEvents {
  /** In the order of consumer and position. */
  list(filter: ParkedFilter): Promise<ParkedEvent[]>;
  /**
   * Asks for another try of the event's queue from its beginning; whoever has the partition makes it within about a second,
   * under its lease.
   */
  requestRetry(
    id: string,
    request: { readonly by: string; readonly tenant?: string },
  ): Promise<ParkedEvent | undefined>;
  /** For good, and written down; what waits behind it goes on. Again: the first discard stays. */
  discard(
    id: string,
    request: { readonly by: string; readonly reason: string; readonly tenant?: string },
  ): Promise<ParkedEvent | undefined>;
}
