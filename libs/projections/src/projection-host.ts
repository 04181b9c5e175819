import { START } from '@runledger/event-store';
import type { CheckpointLease, Checkpoints, Position } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { DEFAULT_RETRY, pause, SILENT, upcastEvent } from '@runledger/messaging';
import type { ConsumerLog, ConsumerStatus, Distribution, RetryPolicy, RunningConsumer } from '@runledger/messaging';
import type { DataSource } from 'typeorm';
import type { Changes } from './changes.js';
import type { Projection } from './projection.js';
import type { ProjectionSettings } from './projection-settings.js';
import { ProjectionNotRunningError, ReadModelBehindError } from './read-model-errors.js';
import { RunningProjection } from './running-projection.js';
import { TransactionalRows } from './transactional-rows.js';

export interface ProjectionHostParts {
  /** Initialised, of the same database as the checkpoints: they commit together (P1). */
  readonly dataSource: DataSource;
  /** An EventStore is one by itself. */
  readonly source: Distribution;
  readonly checkpoints: Checkpoints;
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
  /** Most events in one transaction, default 1,000. */
  readonly batchSize?: number;
}

/** Runs the projections of one process; each goes at its own pace and fails alone. */
export class ProjectionHost {
  readonly #running = new Map<string, RunningProjection>();

  constructor(
    private readonly parts: ProjectionHostParts,
    private readonly options: ProjectionHostOptions,
  ) {}

  /**
   * Takes the projection over from whoever ran it (R3) and goes on from its checkpoint. A version without a checkpoint is
   * built from the first event: its tables are emptied, and a program that still runs an older version is fenced off.
   */
  async start(projection: Projection): Promise<RunningConsumer> {
    const earlier = this.#running.get(projection.name)?.status().state;
    if (earlier === 'live' || earlier === 'catching-up') {
      throw new TypeError(`Projection ${projection.name} is running in this process already; names are unique.`);
    }
    const { dataSource, checkpoints, source } = this.parts;
    const rows = new TransactionalRows(dataSource, checkpoints, projection, await this.#acquire(projection));
    if (rows.position === START) await rows.empty();
    const running = new RunningProjection(projection, rows, source, this.#settings());
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
  }

  async #acquire({ name, version }: Projection): Promise<CheckpointLease> {
    const { checkpoints } = this.parts;
    const consumer = `projection/${name}`;
    for (let older = 1; older < version; older += 1) {
      const ran = await checkpoints.read(consumer, older);
      if (ran !== undefined) await checkpoints.acquire(consumer, older, this.options.owner);
    }
    return checkpoints.acquire(consumer, version, this.options.owner);
  }

  #settings(): ProjectionSettings {
    const { changes, onFault, logger, retry, batchSize } = this.options;
    return {
      batchSize: batchSize ?? 1_000,
      retry: { ...DEFAULT_RETRY, ...retry },
      log: logger ?? SILENT,
      upcast: event => upcastEvent(this.parts.catalogue, event),
      ...(changes === undefined ? {} : { changes }),
      ...(onFault === undefined ? {} : { onFault }),
    };
  }
}
