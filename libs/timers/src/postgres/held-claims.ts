import type { ConsumerLog } from '@runledger/messaging';
import type { Claimed, TimerTable } from './timer-table.js';

export interface HoldSettings {
  /** How long a firing stays with a process that has died. */
  readonly leaseMs: number;
  /** How long a handler may take; after that its firing is another's to repeat. */
  readonly handlerMs: number;
}

/** A renewal may be late, or fail, without a claim running out. */
const RENEWALS_PER_LEASE = 4;

/**
 * The firings that are under way in this process. Their claims are renewed together, so a lease can be as short as the death of
 * a process may cost, however long handlers take.
 */
export class HeldClaims {
  /** Since when, by the clock of this process. */
  readonly #since = new Map<Claimed, number>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;
  #troubled = false;

  constructor(
    private readonly table: Pick<TimerTable, 'renew'>,
    private readonly settings: HoldSettings,
    private readonly log: ConsumerLog,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.#renew(), this.settings.leaseMs / RENEWALS_PER_LEASE);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  hold(claimed: Claimed): void {
    this.#since.set(claimed, performance.now());
  }

  letGo(claimed: Claimed): void {
    this.#since.delete(claimed);
  }

  async #renew(): Promise<void> {
    const oldest = performance.now() - this.settings.handlerMs;
    const held = [...this.#since].filter(([, since]) => since > oldest).map(([claimed]) => claimed);
    if (held.length === 0 || this.#renewing) return;
    this.#renewing = true;
    try {
      await this.table.renew(held, this.settings.leaseMs);
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) this.log.warn({ error }, 'Claims of timers could not be renewed; some may fire again.');
      this.#troubled = true;
    } finally {
      this.#renewing = false;
    }
  }
}
