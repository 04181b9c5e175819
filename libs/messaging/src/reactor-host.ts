import type { SharedCheckpoints } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { SILENT } from './consumer-log.js';
import type { ConsumerLog } from './consumer-log.js';
import type { Distribution } from './distribution.js';
import { JointCheckpoints } from './joint-checkpoints.js';
import { Leases } from './leases/leases.js';
import type { ConsumerStatus, Reactor, RunningConsumer } from './reactor.js';
import { DEFAULT_RETRY } from './retry.js';
import type { ReactorSettings } from './reactor-settings.js';
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
  /** Shared with the other consumers of this process; whoever made them stops them. */
  readonly leases?: Leases;
  /** Default 1,024. */
  readonly maxInFlight?: number;
  /** Default 256. */
  readonly maxPartitions?: number;
  /** Default 100. */
  readonly checkpointEveryMs?: number;
  /** Default 10,000. */
  readonly stopTimeoutMs?: number;
  /** How often a reactor with parked events looks whether people want something of them; default 1,000. */
  readonly parkedLookMs?: number;
}

/**
 * Runs the reactors of one process. Each has its own checkpoints, so each goes at its own pace and fails alone. After a crash
 * the events behind the last written checkpoints are delivered again (R1), here or in a process that shares the work. Without
 * `leases` this process is the only one: starting a reactor fences off whoever ran it before (R3).
 */
export class ReactorHost {
  readonly #running = new Map<string, RunningReactor>();
  readonly #leases: Leases;
  readonly #writes: JointCheckpoints;

  /** An EventStore is a distribution by itself. */
  constructor(
    private readonly source: Distribution,
    private readonly checkpoints: SharedCheckpoints,
    private readonly catalogue: EventCatalogue,
    private readonly options: ReactorHostOptions,
  ) {
    this.#leases = options.leases ?? new Leases(checkpoints, options);
    this.#writes = new JointCheckpoints(checkpoints.partitions);
  }

  async start(reactor: Reactor): Promise<RunningConsumer> {
    const earlier = this.#running.get(reactor.name);
    if (earlier && isWorking(earlier.status())) {
      throw new TypeError(`Reactor ${reactor.name} is running in this process already; names are unique.`);
    }
    await earlier?.stop();
    const running = await RunningReactor.start(reactor, {
      source: this.source,
      checkpoints: this.checkpoints,
      writes: this.#writes,
      leases: this.#leases,
      settings: this.#settings(reactor),
    });
    this.#running.set(reactor.name, running);
    return running;
  }

  /** Of every reactor that was started here, stopped ones included. */
  status(): ConsumerStatus[] {
    return [...this.#running.values()].map(reactor => reactor.status());
  }

  /** Also of the leases, unless they were given. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(reactor => reactor.stop()));
    if (!this.options.leases) await this.#leases.stop();
  }

  #settings({ sideBySide }: Reactor): ReactorSettings {
    const { logger = SILENT, onFault, retry, ...limits } = this.options;
    return {
      log: logger,
      maxInFlight: Math.max(limits.maxInFlight ?? 1_024, sideBySide ?? 0),
      maxPartitions: sideBySide ?? limits.maxPartitions ?? 256,
      checkpointEveryMs: limits.checkpointEveryMs ?? 100,
      stopTimeoutMs: limits.stopTimeoutMs ?? 10_000,
      parkedLookMs: limits.parkedLookMs ?? 1_000,
      retry: { ...DEFAULT_RETRY, retryableAttempts: Infinity, ...retry },
      upcast: event => upcastEvent(this.catalogue, event),
      ...(onFault === undefined ? {} : { onFault }),
    };
  }
}

function isWorking({ state }: ConsumerStatus): boolean {
  return state === 'live' || state === 'catching-up';
}
