import { TransientMap } from '@runledger/kernel';
import type { Position, RecordedEvent } from '../port.js';
import { ownEvent, weightOfOwn } from './event-rows.js';
import type { StoredAppend } from './stored-append.js';

/** What may wait for a number that is missing before it; beyond that the log is read as if nothing had been kept. */
const MOST_WAITING = 10_000;

/** Own events that follow a position of the log without a gap. */
export interface OwnEvents {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
  /** Rough weight of the events in memory. */
  readonly bytes: number;
}

interface Waiting {
  readonly append: StoredAppend;
  readonly index: number;
}

/**
 * Brings what this process has stored to its own tail without reading it back.
 *
 * L1 Positions come from one sequence, which never gives a number twice: a number that this process has stored under cannot
 *    be anyone else's. (Nor after a crash of the server: a confirmed commit has also made the sequence's advance durable.)
 * L2 So when a reader holds everything up to p, and p+1 … p+n were all confirmed to this process, then these are the next
 *    events for every reader, now and for ever: no other writer can put anything between or before them, whatever bounds are
 *    published (0002-append.sql). No lock and no snapshot needs to be looked at.
 * L3 A number that is missing proves nothing: it may be under way here, another process's, or rolled back. Then own events
 *    wait. Once every flight that could bring it has landed, the log is read as ever, and that passes the gap or waits at it.
 */
export class Loopback {
  readonly #waiting = new TransientMap<Position, Waiting>();
  readonly #underWay = new Set<number>();
  #departures = 0;
  /** Flights up to this one may still bring the number that is missing now. */
  #patience: number | undefined;

  depart(): number {
    this.#departures += 1;
    this.#underWay.add(this.#departures);
    return this.#departures;
  }

  /** Takes what the flight has stored; that may be nothing. */
  land(flight: number, stored: readonly StoredAppend[]): void {
    this.#underWay.delete(flight);
    for (const append of stored) {
      for (let index = 0; index < append.positions.length; index += 1) {
        this.#waiting.set(append.positions[index] as Position, { append, index });
      }
    }
    if (this.#waiting.size > MOST_WAITING) this.#waiting.clear();
  }

  /** Hands out the events that directly follow `position`, without a gap (L2). */
  next(position: Position): OwnEvents | undefined {
    const events: RecordedEvent[] = [];
    let bytes = 0;
    let scannedTo = position;
    for (let own = this.#take(scannedTo + 1n); own; own = this.#take(scannedTo + 1n)) {
      scannedTo += 1n;
      events.push(ownEvent(own.append, own.index));
      bytes += weightOfOwn(own.append, own.index);
    }
    this.passed(scannedTo);
    if (events.length === 0) return undefined;
    this.#patience = undefined;
    return { events, scannedTo, bytes };
  }

  /** The log was read up to here by other means; that may have happened before the flight's own confirmation. */
  passed(position: Position): void {
    for (const waiting of this.#waiting.keys()) if (waiting <= position) this.#waiting.delete(waiting);
  }

  /** L3: own events wait behind a number that no flight of this process can bring any more. */
  isStuck(): boolean {
    if (this.#waiting.size === 0) {
      this.#patience = undefined;
      return false;
    }
    this.#patience ??= this.#departures;
    for (const flight of this.#underWay) if (flight <= this.#patience) return false;
    this.#patience = undefined;
    return true;
  }

  #take(position: Position): Waiting | undefined {
    const waiting = this.#waiting.get(position);
    if (waiting) this.#waiting.delete(position);
    return waiting;
  }
}
