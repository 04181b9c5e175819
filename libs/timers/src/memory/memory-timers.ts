import { DEFAULT_RETRY, failureCode, isUsedUp } from '@runledger/messaging';
import type { RetryPolicy } from '@runledger/messaging';
import { firingId } from '../firing.js';
import { checkTimer, handlersOf } from '../new-timer.js';
import type { NewTimer, Timer, TimerHost, TimerKind, TimerStanding } from '../port.js';

interface Waiting extends Timer {
  readonly dueAt: string;
  readonly order: number;
  nextMs: number;
  attempts: number;
  failure?: string;
}

/**
 * Timers on virtual time, for specs: nothing fires by itself, {@link advance} moves the clock and fires what falls due on the
 * way, one after the other, in the order of due times and, within one, of setting. Whoever has the same history sees the same.
 */
export class MemoryTimers implements TimerHost {
  readonly #timers = new Map<string, Waiting>();
  readonly #parked = new Map<string, Waiting>();
  readonly #retry: RetryPolicy;
  #handlers: ReadonlyMap<string, TimerKind> = new Map();
  #nowMs: number;
  #order = 0;

  constructor(options: { readonly now?: string; readonly retry?: RetryPolicy } = {}) {
    this.#nowMs = Date.parse(options.now ?? '2026-01-01T00:00:00.000Z');
    this.#retry = options.retry ?? DEFAULT_RETRY;
  }

  /** ISO 8601 UTC. Fits where a clock is asked for. */
  now(): string {
    return new Date(this.#nowMs).toISOString();
  }

  start(kinds: readonly TimerKind[]): Promise<void> {
    this.#handlers = handlersOf(kinds);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#handlers = new Map();
    return Promise.resolve();
  }

  set(timer: NewTimer): Promise<void> {
    const checked = checkTimer(timer);
    const nextMs = checked.dueAt === undefined ? this.#nowMs + (checked.afterMs ?? 0) : Date.parse(checked.dueAt);
    const payload: unknown = JSON.parse(checked.payload);
    const { name, kind, tenant } = timer;
    const dueAt = new Date(nextMs).toISOString();
    const made = { name, kind, tenant, payload, dueAt, order: (this.#order += 1), nextMs, attempts: 0 };
    if (sameTimer(this.#timers.get(name) ?? this.#parked.get(name), made)) return Promise.resolve();
    this.#parked.delete(name);
    this.#timers.set(name, made);
    return Promise.resolve();
  }

  cancel(name: string): Promise<void> {
    this.#timers.delete(name);
    this.#parked.delete(name);
    return Promise.resolve();
  }

  standing(): Promise<TimerStanding> {
    const due = [...this.#timers.values()].filter(({ nextMs }) => nextMs <= this.#nowMs);
    const lagMs = Math.max(0, ...due.map(({ dueAt }) => this.#nowMs - Date.parse(dueAt)));
    return Promise.resolve({ due: due.length, lagMs, parked: this.#parked.size });
  }

  /** What waits, the next first: for a spec that chooses what happens. */
  waiting(): readonly { readonly name: string; readonly kind: string; readonly dueAt: string }[] {
    return [...this.#timers.values()].sort(earlier).map(({ name, kind, dueAt }) => ({ name, kind, dueAt }));
  }

  /** Time passes. Throws nothing: a handler that fails is tried again later, as in the database. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (let next = this.#nextUntil(untilMs); next; next = this.#nextUntil(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.nextMs);
      await this.#fire(next);
    }
    this.#nowMs = untilMs;
  }

  #nextUntil(untilMs: number): Waiting | undefined {
    const known = [...this.#timers.values()].filter(
      ({ kind, nextMs }) => this.#handlers.has(kind) && nextMs <= untilMs,
    );
    return known.sort(earlier)[0];
  }

  async #fire(timer: Waiting): Promise<void> {
    timer.attempts += 1;
    const { name, kind, tenant, payload, dueAt, attempts: attempt } = timer;
    const firing = { id: firingId(name, dueAt), name, kind, tenant, payload, dueAt, firedAt: this.now(), attempt };
    try {
      await this.#handlers.get(kind)?.handle(firing);
    } catch (error) {
      return this.#failed(timer, error);
    }
    if (this.#timers.get(name) === timer) this.#timers.delete(name);
  }

  #failed(timer: Waiting, error: unknown): void {
    if (this.#timers.get(timer.name) !== timer) return;
    timer.failure = failureCode(error);
    timer.nextMs = this.#nowMs + delayMs(this.#retry, timer.attempts);
    if (!isUsedUp(this.#retry, error, timer.attempts)) return;
    this.#timers.delete(timer.name);
    this.#parked.set(timer.name, timer);
  }
}

function earlier(a: Waiting, b: Waiting): number {
  return a.nextMs - b.nextMs || a.order - b.order;
}

function sameTimer(one: Waiting | undefined, other: Waiting): boolean {
  const key = ({ kind, tenant, payload, dueAt }: Waiting) => JSON.stringify([kind, tenant, dueAt, payload]);
  return one !== undefined && key(one) === key(other);
}

/** Without chance: the same history gives the same times. */
function delayMs({ firstDelayMs, maxDelayMs }: RetryPolicy, attempt: number): number {
  return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30));
}
