import { Followers } from '@runledger/event-store';
import type { Follower, Position, RecordedEvent, Wanted } from '@runledger/event-store';

export interface WindowLimits {
  readonly events: number;
  readonly bytes: number;
}

/** A stretch of the log as a reader asked for it. */
export interface WindowPage {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
  readonly atTop: boolean;
}

interface Kept {
  readonly event: RecordedEvent;
  readonly bytes: number;
}

/**
 * The newest stretch of the log, without a hole: every event after `floor` up to `top` is in it. What is too much falls off
 * at the old end, so a slow reader costs no memory; it finds the rest in the store.
 */
export class EventWindow {
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  #floor: Position;
  #top: Position;
  #version = 0;
  readonly #followers = new Followers(this);

  constructor(
    start: Position,
    private readonly limits: WindowLimits,
  ) {
    this.#floor = start;
    this.#top = start;
  }

  get top(): Position {
    return this.#top;
  }

  get end(): Position {
    return this.#top;
  }

  /** Changes with each event. */
  get version(): number {
    return this.#version;
  }

  /** The event must be the next one of the log. */
  push(event: RecordedEvent, bytes: number): void {
    const before = this.#top;
    this.#kept.push({ event, bytes });
    this.#bytes += bytes;
    this.#top = event.position;
    while (this.#kept.length - this.#first > this.limits.events || this.#bytes > this.limits.bytes) this.#drop();
    if (this.#first > 1_024) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    this.#version += 1;
    this.#followers.offer({ events: [event], scannedTo: event.position }, before);
  }

  /** There is nothing between the top and `position`. */
  passTo(position: Position): void {
    if (position <= this.#top) return;
    const before = this.#top;
    this.#top = position;
    this.#followers.offer({ events: [], scannedTo: position }, before);
  }

  /** Matching events after a position; undefined when the window does not reach back that far. */
  read(after: Position, limit: number, matches: (event: RecordedEvent) => boolean): WindowPage | undefined {
    if (after < this.#floor) return undefined;
    if (after >= this.#top) return { events: [], scannedTo: after, atTop: true };
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    let index = this.#indexAfter(after);
    for (; index < this.#kept.length && events.length < limit; index += 1) {
      const { event } = this.#kept[index] as Kept;
      scannedTo = event.position;
      if (matches(event)) events.push(event);
    }
    // Behind the last event there may be nothing up to the top: who was left before that would ask again and again.
    if (index === this.#kept.length) scannedTo = this.#top;
    return { events, scannedTo, atTop: scannedTo === this.#top };
  }

  /** Only those whom an event concerns are woken by it: the others have it behind them, asleep. */
  follow(wanted: Wanted): Follower {
    return this.#followers.follow(wanted);
  }

  unfollow(follower: Follower): void {
    this.#followers.remove(follower);
  }

  wakeAll(): void {
    this.#version += 1;
    this.#followers.wake();
  }

  #drop(): void {
    const dropped = this.#kept[this.#first] as Kept;
    this.#first += 1;
    this.#bytes -= dropped.bytes;
    this.#floor = dropped.event.position;
  }

  #indexAfter(after: Position): number {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as Kept).event.position <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
