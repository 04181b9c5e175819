import type { Position } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { ConsumerFault, ConsumerStatus } from './reactor.js';

/** The consumer stopped before it reached the position that somebody waits for. Its status says why. */
export class ConsumerStoppedError extends Fault {
  constructor(status: ConsumerStatus, wanted: Position) {
    const why = status.fault
      ? `${status.fault.message} (${status.fault.eventType} at position ${status.fault.position})`
      : (status.reason ?? 'asked');
    super('CONSUMER_STOPPED', `${status.name} is ${status.state} before position ${wanted}: ${why}.`, {
      fields: { consumer: status.name, position: status.position, wanted },
    });
  }
}

interface Waiter {
  readonly position: Position;
  resolve(): void;
  reject(error: Error): void;
}

/** Where a consumer stands, for its status and for those who wait until it has dealt with a position. */
export class ConsumerProgress {
  #status: ConsumerStatus;
  #waiters: Waiter[] = [];

  constructor(name: string, position: Position) {
    this.#status = { name, state: 'catching-up', position };
  }

  status(): ConsumerStatus {
    return this.#status;
  }

  /** Somebody waits for a position. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** The last position that somebody waits for. */
  get awaited(): Position | undefined {
    return this.#waiters.reduce<Position | undefined>(
      (last, { position }) => (last === undefined || position > last ? position : last),
      undefined,
    );
  }

  moveTo(position: Position): void {
    if (position <= this.#status.position) return;
    this.#status = { ...this.#status, position };
    if (this.#waiters.length === 0) return;
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.resolve();
    this.#waiters = this.#waiters.filter(waiter => waiter.position > position);
  }

  /** Nothing is wanted between the two. A look takes a while: what has been set back before `from` meanwhile is no further for it. */
  passOver(from: Position, to: Position): void {
    if (this.#status.position >= from) this.moveTo(to);
  }

  /** A database that died has forgotten what was done behind this position. */
  setBack(position: Position): void {
    if (position < this.#status.position) this.#status = { ...this.#status, position };
  }

  enter(state: 'catching-up' | 'live'): void {
    if (this.#hasEnded() || this.#status.state === state) return;
    this.#status = { ...this.#status, state };
  }

  /** The first fault stays; a consumer that was stopped before cannot fail any more. */
  fail(fault: ConsumerFault): void {
    if (this.#hasEnded()) return;
    this.#status = { ...this.#status, state: 'faulted', fault };
    this.#rejectWaiters();
  }

  stop(reason: 'asked' | 'fenced'): void {
    if (this.#hasEnded()) return;
    this.#status = { ...this.#status, state: 'stopped', reason };
    this.#rejectWaiters();
  }

  reached(position: Position): Promise<void> {
    if (position <= this.#status.position) return Promise.resolve();
    if (this.#hasEnded()) return Promise.reject(new ConsumerStoppedError(this.#status, position));
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  #hasEnded(): boolean {
    return this.#status.state === 'faulted' || this.#status.state === 'stopped';
  }

  #rejectWaiters(): void {
    for (const waiter of this.#waiters) waiter.reject(new ConsumerStoppedError(this.#status, waiter.position));
    this.#waiters = [];
  }
}
