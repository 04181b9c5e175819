import type { CommandHandler, EventStore } from '@runledger/event-store';
import type { ReactorHost, RunningConsumer } from '@runledger/messaging';
import type { BlobStores, Clock } from '@runledger/platform';
import { defineTimer, type TimerHost } from '@runledger/timers';
import { sweepBlobs } from './blob-sweeper.js';
import { expiryTimers } from './expired-files.js';
import { fileRetention } from './retention.reactor.js';

export interface RetentionParts {
  readonly store: EventStore;
  readonly blobs: BlobStores;
  readonly clock: Clock;
  readonly handler: CommandHandler;
  readonly reactors: ReactorHost;
  readonly timers: TimerHost;
}

const SWEEP_TIMER = 'sweep-blobs';
const SWEEP_EVERY_MS = 21_600_000;

/** The timers at which files of ended runs expire, and those of the sweeps that remove their content. */
export class Retention {
  #reactor: RunningConsumer | undefined;

  constructor(private readonly parts: RetentionParts) {}

  /** One process of the service sweeps for all of them. */
  async start(): Promise<void> {
    const { store, blobs, handler, reactors, timers } = this.parts;
    const sweeping = defineTimer(SWEEP_TIMER, async () => {
      await sweepBlobs(store, blobs);
      await this.#setSweep();
    });
    await timers.start([...expiryTimers(store, handler), sweeping]);
    this.#reactor = await reactors.start(fileRetention(store, timers));
    await this.#setSweep();
  }

  async stop(): Promise<void> {
    await Promise.all([this.parts.timers.stop(), this.#reactor?.stop()]);
  }

  /** At the same time for every process and after every start, so that setting it again changes nothing. */
  async #setSweep(): Promise<void> {
    const nextMs = (Math.floor(Date.parse(this.parts.clock.now()) / SWEEP_EVERY_MS) + 1) * SWEEP_EVERY_MS;
    const dueAt = new Date(nextMs).toISOString();
    await this.parts.timers.set({ name: SWEEP_TIMER, kind: SWEEP_TIMER, tenant: 'system', payload: {}, dueAt });
  }
}
