import type { Parking, ParkingFailure, RecordedEvent } from '@runledger/event-store';
import { failureCode } from './failure-code.js';
import { isFenced } from './fencing.js';
import type { Seat } from './leases/claimant.js';
import { ParkedKeys } from './parked-keys.js';
import type { PartitionWork } from './partition-work.js';
import type { Reactor } from './reactor.js';
import type { ReactorSettings } from './reactor-settings.js';
import { retrying } from './retry.js';
import type { RetryPolicy } from './retry.js';

export interface ReactionsParts {
  readonly reactor: Reactor;
  readonly seat: Seat;
  readonly parking: Parking;
  readonly settings: ReactorSettings;
  /** A reaction was given up; its event is set aside. */
  onParked(event: RecordedEvent, failure: ParkingFailure): void;
}

type Tried = 'done' | 'stopped' | ParkingFailure;

/**
 * Reactions to the events of one claim, one key at a time.
 * 1. None begins when the lease may be over (L4).
 * 2. What may go away by itself is tried until it does; what fails for good is set aside, and what follows of its key queues
 *    up behind it, so that a key keeps its order and the others go on. None is skipped.
 */
export class Reactions {
  readonly keys: ParkedKeys;
  readonly #policy: RetryPolicy;

  constructor(private readonly parts: ReactionsParts) {
    this.keys = new ParkedKeys(parts.parking);
    this.#policy = { ...parts.settings.retry, retryableAttempts: Infinity };
  }

  /** True when the event was dealt with; false when its partition was closed before. */
  async handle(work: PartitionWork, key: string, event: RecordedEvent): Promise<boolean> {
    if (!work.begin(key, event.position)) return false;
    if (this.keys.isPast(key, event)) return true;
    if (this.keys.has(key)) return this.#park(work, key, event);
    const failure = await this.#try(work, key, event);
    if (failure === 'stopped') return false;
    if (failure === 'done') return true;
    this.parts.onParked(event, failure);
    return this.#park(work, key, event, failure);
  }

  /** Tries the events of a queue again, from its first one on, until one fails. */
  async resume(work: PartitionWork, key: string): Promise<void> {
    const { parking } = this.parts;
    while (work.isOpen) {
      const event = await this.#written(work, () => parking.next(work.lease, key));
      if (event === 'stopped') return;
      if (event === undefined) return this.keys.emptied(key);
      this.keys.movedTo(key, event.position);
      const failure = await this.#try(work, key, event);
      if (failure === 'stopped') return;
      if (failure === 'done') await this.#written(work, () => parking.done(work.lease, event.position));
      else {
        this.parts.onParked(event, failure);
        await this.#written(work, () => parking.failed(work.lease, event.position, failure));
        return;
      }
    }
  }

  async #park(work: PartitionWork, key: string, event: RecordedEvent, failure?: ParkingFailure): Promise<boolean> {
    const written = await this.#written(work, () => this.parts.parking.park(work.lease, key, event, failure));
    if (written === 'stopped') return false;
    this.keys.added(key, work.lease.partition, event.position);
    return true;
  }

  /** Nearly always the first try is the only one: it goes without what only the others need. */
  async #try(work: PartitionWork, key: string, event: RecordedEvent): Promise<Tried> {
    if (!this.parts.seat.valid) return this.#tryAgain(work, key, event);
    if (!work.begin(key, event.position)) return 'stopped';
    try {
      await this.#react(work, event);
      return 'done';
    } catch (error) {
      return this.#tryAgain(work, key, event, { error });
    }
  }

  #react(work: PartitionWork, event: RecordedEvent): Promise<void> {
    const { reactor, settings } = this.parts;
    return reactor.react(reactor.asStored ? event : settings.upcast(event), work.lease, work);
  }

  /** `failed`: how the first try ended, if it was made. */
  async #tryAgain(
    work: PartitionWork,
    key: string,
    event: RecordedEvent,
    failed?: { readonly error: unknown },
  ): Promise<Tried> {
    const { seat } = this.parts;
    let [attempts, since] = [failed ? 1 : 0, 0];
    const attempt = async () => {
      while (!seat.valid && work.isOpen) await seat.whenValid(work.signal);
      // Whoever is closing a partition does not wait for the heartbeat.
      if (!seat.valid || !work.begin(key, event.position)) return 'stopped';
      attempts += 1;
      await this.#react(work, event);
      return 'done' as const;
    };
    const onRetry = (error: unknown) => {
      since ||= performance.now();
      this.#warn(event, error, attempts);
    };
    try {
      return await retrying(attempt, { policy: this.#policy, signal: work.signal, onRetry, ...(failed && { failed }) });
    } catch (error) {
      if (!work.isOpen) return 'stopped';
      if (isFenced(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      return { attempts, failingForMs: since === 0 ? 0 : performance.now() - since, code: failureCode(error), message };
    }
  }

  /** Writes with patience; a lease that was lost closes the partition sooner or later, and then it was for nothing. */
  async #written<T>(work: PartitionWork, write: () => Promise<T>): Promise<T | 'stopped'> {
    const { settings, seat } = this.parts;
    try {
      return await retrying(write, { policy: settings.retry, signal: work.signal });
    } catch (error) {
      seat.doubt();
      if (!work.isOpen) return 'stopped';
      throw error;
    }
  }

  #warn({ position, type: eventType }: RecordedEvent, error: unknown, attempt: number): void {
    const { reactor, settings } = this.parts;
    settings.log.warn({ consumer: reactor.name, position, eventType, attempt, err: error }, 'reaction failed');
  }
}
