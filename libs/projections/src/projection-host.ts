import type { Position, SharedCheckpoints } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { DEFAULT_RETRY, Leases, pause, SILENT, upcastEvent } from '@runledger/messaging';
import type { ConsumerLog, ConsumerStatus, Distribution, RetryPolicy, RunningConsumer } from '@runledger/messaging';
import type { DataSource } from 'typeorm';
import type { Changes } from './changes.js';
import type { Projection } from './projection.js';
import type { ProjectionSettings } from './projection-settings.js';
import type { ReadModelDatabase } from './read-model-database.js';
import { ProjectionNotRunningError, ReadModelBehindError } from './read-model-errors.js';
import { RunningProjection } from './running-projection.js';
import type { ReadableLog } from './shadow/log-pages.js';

/** Seen by nobody, and at hundreds of events a second an order fewer transactions. */
const REST_MS = 50;

export interface ProjectionHostParts {
  /** Of the rows, in the same PostgreSQL database as the checkpoints: they commit together (P1). */
  readonly database: ReadModelDatabase;
  /** Initialised and migrated, on `database`. */
  readonly dataSource: DataSource;
  /** What is followed. An EventStore is a distribution by itself. */
  readonly source: Distribution;
  /** What a rebuild reads. */
  readonly store: ReadableLog;
  readonly checkpoints: SharedCheckpoints;
  readonly catalogue: EventCatalogue;
}

export interface ProjectionHostOptions {
  /** Names this process in the checkpoints. */
  readonly owner: string;
  /** Told after each commit. */
  readonly changes?: Changes;
  /** Called once when a projection has stopped on a fault: turn health red. */
  readonly onFault?: (status: ConsumerStatus) => void;
  readonly logger?: ConsumerLog;
  readonly retry?: Partial<RetryPolicy>;
  /** Shared with the other consumers of this process; whoever made them stops them. Default: this process is the only one. */
  readonly leases?: Leases;
  /** Most events in one transaction, default 1,000. */
  readonly batchSize?: number;
  /**
   * How long a projection that keeps up rests between two batches, default 50 ms: the rows are so much later at most. Nobody
   * who waits for a position waits for it.
   */
  readonly restMs?: number;
}

/** Runs the projections of one process, alone or beside other processes; each goes at its own pace and fails alone. */
export class ProjectionHost {
  readonly #running = new Map<string, RunningProjection>();
  readonly #leases: Leases;

  constructor(
    private readonly parts: ProjectionHostParts,
    private readonly options: ProjectionHostOptions,
  ) {
    this.#leases = options.leases ?? new Leases(parts.checkpoints, options);
  }

  /**
   * Goes on from where the rows stand; without shared leases the projection is taken over from whoever ran it (R3). A new one is
   * built from the first event; rows of an older version serve until those of this version were built beside them (P2).
   */
  async start(projection: Projection): Promise<RunningConsumer> {
    const earlier = this.#running.get(projection.name);
    const state = earlier?.status().state;
    if (state === 'live' || state === 'catching-up') {
      throw new TypeError(`Projection ${projection.name} is running in this process already; names are unique.`);
    }
    await earlier?.stop();
    const running = await RunningProjection.start(projection, {
      ...this.parts,
      leases: this.#leases,
      settings: this.#settings(),
    });
    this.#running.set(projection.name, running);
    return running;
  }

  /**
   * Resolves when the rows hold every event at or before `position` (`atLeast`). Throws {@link ReadModelBehindError} after
   * `timeoutMs`, and `ConsumerStoppedError` when the projection has stopped.
   */
  async reached(name: string, position: Position, timeoutMs: number): Promise<void> {
    const projection = this.#running.get(name);
    if (!projection) throw new ProjectionNotRunningError(name);
    const waiting = new AbortController();
    const outcome = await Promise.race([
      projection.reached(position).then(() => 'reached' as const),
      pause(timeoutMs, waiting.signal).then(() => 'late' as const),
    ]).finally(() => waiting.abort());
    if (outcome === 'late') throw new ReadModelBehindError(name, projection.status().position, position);
  }

  /** Of every projection that was started here, stopped ones included. */
  status(): ConsumerStatus[] {
    return [...this.#running.values()].map(projection => projection.status());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(projection => projection.stop()));
    if (!this.options.leases) await this.#leases.stop();
  }

  #settings(): ProjectionSettings {
    const { changes, onFault, logger, retry, batchSize, restMs } = this.options;
    return {
      batchSize: batchSize ?? 1_000,
      restMs: restMs ?? REST_MS,
      // A database that is away is waited for; only what an event does to the rows is a fault (P1).
      retry: { ...DEFAULT_RETRY, retryableAttempts: Infinity, ...retry },
      log: logger ?? SILENT,
      upcast: event => upcastEvent(this.parts.catalogue, event),
      ...(changes === undefined ? {} : { changes }),
      ...(onFault === undefined ? {} : { onFault }),
    };
  }
}
