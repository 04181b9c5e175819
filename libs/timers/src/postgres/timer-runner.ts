import { pause } from '@runledger/event-store';
import { failureCode, isUsedUp, retryDelayMs, retrying } from '@runledger/messaging';
import type { ConsumerLog, RetryPolicy } from '@runledger/messaging';
import type { TimerKind, TimerObserver } from '../port.js';
import { HeldClaims } from './held-claims.js';
import type { HoldSettings } from './held-claims.js';
import type { Claimed, TimerTable } from './timer-table.js';

export interface RunnerSettings extends HoldSettings {
  /** Most firings that are handled in this process at a time. */
  readonly concurrency: number;
  /** The longest sleep: what a lost hint costs. */
  readonly lookEveryMs: number;
  readonly retry: RetryPolicy;
}

export interface RunnerParts {
  readonly table: TimerTable;
  readonly handlers: ReadonlyMap<string, TimerKind>;
  readonly settings: RunnerSettings;
  readonly log: ConsumerLog;
  readonly observer: TimerObserver;
}

/** Another process may hold the row that is due for the moment of its claim. */
const SHORTEST_SLEEP_MS = 10;

/**
 * Fires what is due, and sleeps until the next due time: one sleep for the process, however many timers wait. A timer is
 * claimed only when it can be handled at once, and its row goes away only after its handler has succeeded (R2).
 */
export class TimerRunner {
  readonly #kinds: readonly string[];
  readonly #stopping = new AbortController();
  readonly #firing = new Set<Promise<void>>();
  readonly #held: HeldClaims;
  #sleep: AbortController | undefined;
  #woken = false;
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(private readonly parts: RunnerParts) {
    this.#kinds = [...parts.handlers.keys()];
    this.#held = new HeldClaims(parts.table, parts.settings, parts.log);
  }

  start(): void {
    this.#running = this.#run();
    this.#held.start();
  }

  /** There may be something due earlier than what it sleeps for. */
  wake(): void {
    this.#woken = true;
    this.#sleep?.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#sleep?.abort();
    await this.#running;
    await Promise.all(this.#firing);
    this.#held.stop();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#sleepFor(await this.#take());
        this.#failures = 0;
      } catch (error) {
        await this.#troubledBy(error);
      }
    }
  }

  /** Begins what is due and can be handled; answers how long there is nothing more to do. */
  async #take(): Promise<number> {
    const { table, settings } = this.parts;
    this.#woken = false;
    const free = settings.concurrency - this.#firing.size;
    const claimed = await table.claim(this.#kinds, free, settings.leaseMs);
    for (const one of claimed) this.#begin(one);
    if (this.#firing.size >= settings.concurrency) {
      await Promise.race(this.#firing);
      return 0;
    }
    if (claimed.length > 0) return 0;
    const nextMs = (await table.nextInMs(this.#kinds)) ?? settings.lookEveryMs;
    return Math.min(Math.max(nextMs, SHORTEST_SLEEP_MS), settings.lookEveryMs);
  }

  async #sleepFor(ms: number): Promise<void> {
    if (ms === 0 || this.#woken || this.#stopping.signal.aborted) return;
    const sleep = new AbortController();
    this.#sleep = sleep;
    await pause(Math.ceil(ms), sleep.signal);
    this.#sleep = undefined;
  }

  /** The database is away: that is said once, and tried again until it is back. */
  async #troubledBy(error: unknown): Promise<void> {
    this.#failures += 1;
    if (this.#failures === 1)
      this.parts.log.error({ error }, 'Timers cannot be looked at and fire late; it is tried on.');
    await pause(retryDelayMs(this.parts.settings.retry, this.#failures), this.#stopping.signal);
  }

  #begin(claimed: Claimed): void {
    this.#held.hold(claimed);
    const firing = this.#fire(claimed)
      .catch((error: unknown) => {
        const { name, kind } = claimed.firing;
        this.parts.log.warn({ error, name, kind }, 'A firing could not be written down; it will be repeated.');
      })
      .finally(() => {
        this.#held.letGo(claimed);
        this.#firing.delete(firing);
      });
    this.#firing.add(firing);
  }

  async #fire(claimed: Claimed): Promise<void> {
    const { table, handlers, observer } = this.parts;
    const { firing } = claimed;
    try {
      await handlers.get(firing.kind)?.handle(firing);
    } catch (error) {
      return this.#failed(claimed, error);
    }
    observer.fired(firing.kind, Math.max(0, Date.parse(firing.firedAt) - Date.parse(firing.dueAt)));
    await this.#written(() => table.done(claimed));
  }

  async #failed(claimed: Claimed, error: unknown): Promise<void> {
    const { table, settings, observer, log } = this.parts;
    const { name, kind, attempt } = claimed.firing;
    const parked = isUsedUp(settings.retry, error, attempt);
    observer.failed(kind, parked ? 'parked' : 'retried');
    if (!parked) {
      const delayMs = retryDelayMs(settings.retry, attempt);
      return this.#written(() => table.failed(claimed, failureCode(error), delayMs));
    }
    log.error(
      { error, name, kind, attempt },
      'A timer was parked: its handler failed for good. Look at the cause, then retry it.',
    );
    await this.#written(() => table.park(claimed, failureCode(error)));
  }

  /** Tried on: else a database that was away for a moment, which mostly is why a handler failed, makes the timer wait for its lease. */
  async #written(write: () => Promise<unknown>): Promise<void> {
    await retrying(write, { policy: this.parts.settings.retry, signal: this.#stopping.signal });
  }
}
