import type { RecordedEvent } from '@runledger/event-store';

/**
 * Turns events into commands. `react` is called at least once for each matching event, in order within a partition
 * (the correlation id unless said otherwise), concurrently across partitions. The commands it sends carry ids derived
 * from the event's id (`derivedId(event.id, <reactor name>, n)`), so that repeating it changes nothing (R1).
 */
export interface Reactor {
  /** Names its checkpoint; never rename it. */
  readonly name: string;
  /** Empty: every type. */
  readonly types: readonly string[];
  /** True: events come exactly as they were stored, types that the catalogue does not know included. */
  readonly asStored?: boolean;
  /** Receives the event with its data upcast to today's version. A throw is retried with back-off, then stops the reactor. */
  react(event: RecordedEvent): Promise<void>;
  partitionBy?(event: RecordedEvent): string;
}

/** A started consumer of the log. */
export interface RunningConsumer {
  readonly name: string;
  /** Resolves when every event at or before `position` has been dealt with; rejects when the consumer has stopped on a fault. */
  reached(position: bigint): Promise<void>;
  status(): ConsumerStatus;
  stop(): Promise<void>;
}

export interface ConsumerStatus {
  readonly name: string;
  readonly state: 'catching-up' | 'live' | 'faulted' | 'stopped';
  readonly position: bigint;
  /** Set when state is `faulted`: where, and why. */
  readonly fault?: ConsumerFault;
  /** Set when state is `stopped`; `fenced`: another owner has taken this consumer over (R3). */
  readonly reason?: 'asked' | 'fenced';
}

/** Where a consumer stopped and why. `eventType` is `-` when it was not an event but the log or the checkpoint that failed. */
export interface ConsumerFault {
  readonly position: bigint;
  readonly eventType: string;
  /** The kind of failure; unlike the message it quotes nothing. */
  readonly code: string;
  readonly message: string;
}
