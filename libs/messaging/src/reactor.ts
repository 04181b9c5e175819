import { partitionOf } from '@runledger/event-store';
import type { PartitionLease, RecordedEvent } from '@runledger/event-store';
import type { FollowOptions } from './distribution.js';

/** The right under which a process reacts in a partition, for reactions that wait a while before they have their effect. */
export interface Tenure {
  /** Aborts when the partition is given up or lost here: whoever waits leaves at once, with a throw, and the event is not dealt with. */
  readonly signal: AbortSignal;
  /** False while the lease may be over (L4). Cheap: ask before what another process could do too. */
  readonly valid: boolean;
  /** Resolves when `valid`, or when the signal aborts. */
  whenValid(): Promise<void>;
}

/**
 * Turns events into commands. `react` is called at least once for each matching event, in order within a key (the correlation
 * id unless said otherwise), concurrently across keys, in one of the processes that share the work. The commands it sends
 * carry ids derived from the event's id (`derivedId(event.id, <reactor name>, n)`), so that repeating it changes nothing (R1).
 */
export interface Reactor {
  /** Names its checkpoints; never rename it. */
  readonly name: string;
  /** Empty: every type. */
  readonly types: readonly string[];
  /** True: events come exactly as they were stored, types that the catalogue does not know included. */
  readonly asStored?: boolean;
  /**
   * Receives the event with its data upcast to today's version. A throw is tried again with back-off: without end when it may
   * go away by itself, else a few times; then the event is parked, and those of its key wait behind it. `lease`: the right under
   * which this process has the event's partition, for effects that must be refused once another has it (R3): a `FencedError` is no
   * failure of the event.
   */
  react(event: RecordedEvent, lease?: PartitionLease, tenure?: Tenure): Promise<void>;
  /** Which partition has the event, and so which of the processes that share the work; left out: that of the correlation id. */
  partitionBy?(event: RecordedEvent): string;
  /** What is handed over in order, where that is finer than `partitionBy`: what is equal here must be equal there. */
  orderBy?(event: RecordedEvent): string;
  /** How many keys it may work on at a time, where that is not for the host to say: more for one that mostly waits. */
  readonly sideBySide?: number;
  /** False: what was taken up has to do for now; asked again when an event was dealt with. Left out: true. */
  readonly hasRoom?: () => boolean;
  /**
   * Whether an event of these types is its business, by the data as it was stored; left out: each is. One that is not is passed by
   * like those of other types, which costs next to nothing.
   */
  concerns?(event: RecordedEvent): boolean;
}

/** What it wants of the log, as far as whoever carries the events can tell. */
export function wantedBy(reactor: Reactor): Pick<FollowOptions, 'types' | 'concerns'> {
  return {
    ...(reactor.types.length > 0 && { types: reactor.types }),
    ...(reactor.concerns && { concerns: event => reactor.concerns?.(event) ?? true }),
  };
}

/** Undefined when the event is none of the reactor's business. */
export function partitionIn(reactor: Reactor, event: RecordedEvent): number | undefined {
  if (reactor.concerns?.(event) === false) return undefined;
  return partitionOf(reactor.partitionBy?.(event) ?? event.metadata.correlationId);
}

/** What orders the event for this reactor. */
export function keyIn(reactor: Reactor, event: RecordedEvent): string {
  return reactor.orderBy?.(event) ?? reactor.partitionBy?.(event) ?? event.metadata.correlationId;
}

/** A started consumer of the log. */
export interface RunningConsumer {
  readonly name: string;
  /**
   * Resolves when every event at or before `position` has been dealt with (parking is one way), by whichever process has its
   * partition; rejects when the consumer has stopped here on a fault.
   */
  reached(position: bigint): Promise<void>;
  status(): ConsumerStatus;
  stop(): Promise<void>;
}

export interface ConsumerStatus {
  readonly name: string;
  readonly state: 'catching-up' | 'live' | 'faulted' | 'stopped';
  /** Everything at or before it was dealt with, in the partitions that this process has. */
  readonly position: bigint;
  /** Set when state is `faulted`: where, and why. */
  readonly fault?: ConsumerFault;
  /** Set when state is `stopped`; `fenced`: another owner has taken this consumer over (R3). */
  readonly reason?: 'asked' | 'fenced';
  /** Of a consumer that many processes can share: what this one has now; empty while others have everything. */
  readonly partitions?: readonly number[];
  /** Events of these partitions that are set aside: parked, or waiting behind one that is. */
  readonly parked?: number;
  /** When the log took the oldest event that is taken up and not dealt with (ISO 8601): its age is the lag. */
  readonly pendingSince?: string;
  /** The last event that was parked. */
  readonly lastParked?: ConsumerFault;
}

/** Where a consumer stopped and why. `eventType` is `-` when it was not an event but the log or the checkpoint that failed. */
export interface ConsumerFault {
  readonly position: bigint;
  readonly eventType: string;
  /** The kind of failure; unlike the message it quotes nothing. */
  readonly code: string;
  readonly message: string;
}
