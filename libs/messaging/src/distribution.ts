import type { EventStore, Position, RecordedEvent, SubscribeOptions } from '@runledger/event-store';

/** Events on their way to one consumer, and how far the log was scanned for them. */
export interface Delivery {
  /** In log order, positions growing from one delivery to the next. After a reconnection some may come again. */
  readonly events: readonly RecordedEvent[];
  /** Every wanted event up to here, inclusive, was delivered. Position of an existing event, or where the consumer began. */
  readonly scannedTo: Position;
  /** True when there was nothing more at that moment. */
  readonly caughtUp: boolean;
}

/** Which events are wanted, and from where on. */
export type FollowOptions = SubscribeOptions;

/**
 * The way of events from the log to its consumers; the log itself stays the only truth. Whatever carries them, a consumer
 * keeps the log's position as its checkpoint and drops what is not newer, so repeats and replays are harmless (R1).
 */
export interface Distribution {
  subscribe(options: FollowOptions): AsyncIterable<Delivery>;
}

/** The default distribution: consumers read the store themselves, woken by it. */
export function storeDirect(store: Pick<EventStore, 'subscribe'>): Distribution {
  return { subscribe: options => store.subscribe(options) };
}
