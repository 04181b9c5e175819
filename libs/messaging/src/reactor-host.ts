import type { Checkpoints } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { SILENT } from './consumer-log.js';
import type { ConsumerLog } from './consumer-log.js';
import type { Distribution } from './distribution.js';
import type { ConsumerStatus, Reactor, RunningConsumer } from './reactor.js';
import { DEFAULT_RETRY, retrying } from './retry.js';
import type { RetryPolicy } from './retry.js';
import { RunningReactor } from './running-reactor.js';
import { upcastEvent } from './upcast-event.js';

export interface ReactorHostOptions {
  /** Names this process in the checkpoints. */
  readonly owner: string;
  /** Called once when a reactor has stopped on a fault; its status says where and why. */
  readonly onFault?: (status: ConsumerStatus) => void;
  readonly logger?: ConsumerLog;
  readonly retry?: Partial<RetryPolicy>;
  /** Default 1,024. */
  readonly maxInFlight?: number;
  /** Default 256. */
  readonly maxPartitions?: number;
  /** Default 100. */
  readonly checkpointEveryMs?: number;
  /** Default 10,000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Runs the reactors of one process. Each has its own checkpoint, so each goes at its own pace and fails alone. After a crash
 * the events behind the last written checkpoint are delivered again (R1). Starting a reactor here fences off whoever ran
 * it before (R3).
 */
export class ReactorHost {
  readonly #running = new Map<string, RunningReactor>();
  readonly #ending = new AbortController();

  /** An EventStore is a distribution by itself. */
  constructor(
    private readonly source: Distribution,
    private readonly checkpoints: Checkpoints,
    private readonly catalogue: EventCatalogue,
    private readonly options: ReactorHostOptions,
  ) {}

  async start(reactor: Reactor): Promise<RunningConsumer> {
    const earlier = this.#running.get(reactor.name)?.status().state;
    if (earlier === 'live' || earlier === 'catching-up') {
      throw new TypeError(`Reactor ${reactor.name} is running in this process already; names are unique.`);
    }
    const retry = { ...DEFAULT_RETRY, ...this.options.retry };
    const lease = await retrying(() => this.checkpoints.acquire(`reactor/${reactor.name}`, 1, this.options.owner), {
      policy: retry,
      signal: this.#ending.signal,
    });
    const running = new RunningReactor(reactor, lease, {
      source: this.source,
      checkpoints: this.checkpoints,
      settings: { ...this.#settings(), retry },
    });
    this.#running.set(reactor.name, running);
    return running;
  }

  /** Of every reactor that was started here, stopped ones included. */
  status(): ConsumerStatus[] {
    return [...this.#running.values()].map(reactor => reactor.status());
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#running.values()].map(reactor => reactor.stop()));
  }

  #settings() {
    const { logger = SILENT, onFault, maxInFlight, maxPartitions, checkpointEveryMs, stopTimeoutMs } = this.options;
    return {
      log: logger,
      maxInFlight: maxInFlight ?? 1_024,
      maxPartitions: maxPartitions ?? 256,
      checkpointEveryMs: checkpointEveryMs ?? 100,
      stopTimeoutMs: stopTimeoutMs ?? 10_000,
      upcast: (event: Parameters<typeof upcastEvent>[1]) => upcastEvent(this.catalogue, event),
      ...(onFault === undefined ? {} : { onFault }),
    };
  }
}
