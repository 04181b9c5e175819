import type { ConsumerFault } from '@runledger/messaging';
import { isFenced, pause, retrying } from '@runledger/messaging';
import type { RetryWarnings } from '@runledger/messaging';
import type { Projection } from './projection.js';
import { consumerOf, partsOf } from './projection.js';
import type { ProjectionParts } from './projection-settings.js';
import { claimState, clearFault, readState, saveFault } from './projection-state.js';
import type { ProjectionState } from './projection-state.js';
import { NewerRowsError } from './read-model-errors.js';
import { alone, RebuildUnderWayError } from './shadow/job-lock.js';
import { rebuild } from './shadow/rebuild.js';
import { quotedTable } from './sql-names.js';

const LOOK_EVERY_MS = 1_000;

/** What is kept about a projection beside its rows: which version made them, where it stopped, whether to take it up anew. */
export class ProjectionLifetime {
  #generation = 0;
  #exchangedAt: string | undefined;
  #joinedAfter: string | undefined;
  #savedFault: ConsumerFault | undefined;

  constructor(
    private readonly projection: Projection,
    private readonly parts: ProjectionParts,
    private readonly warnings: RetryWarnings,
  ) {}

  /** Looks whether the rows are of this program's version; throws {@link NewerRowsError} when a newer one made them. */
  async rowsAreOurs(): Promise<boolean> {
    const { name, version } = this.projection;
    const state = await this.#state();
    this.#generation = state.generation;
    this.#exchangedAt = state.rebuiltAt;
    this.#savedFault = state.fault;
    if (state.version > version) throw new NewerRowsError(name, version, state.version);
    return state.version === version;
  }

  /** A version that has no checkpoint begins with empty tables; who comes second finds the first one's checkpoint. */
  async beginWhenNew(signal: AbortSignal): Promise<void> {
    const { dataSource, checkpoints } = this.parts;
    const { name, version, tables } = this.projection;
    const consumer = consumerOf(this.projection);
    const isNew = async () =>
      (await checkpoints.partitions.read(consumer, version)).length === 0 &&
      (await checkpoints.read(consumer, version)) === undefined;
    if (!(await isNew())) return;
    await this.#whenAlone('the beginning with empty tables', signal, () =>
      alone(dataSource, name, async () => {
        if (!(await isNew())) return;
        if (tables.length > 0) await dataSource.query(`TRUNCATE ${tables.map(quotedTable).join(', ')}`);
        await checkpoints.partitions.prepare(consumer, version, partsOf(this.projection));
      }),
    );
  }

  /** Builds the rows of this version beside those of an older one, which serve until then, and swaps (P2). */
  async bringToVersion(signal: AbortSignal): Promise<void> {
    const { settings } = this.parts;
    await this.#whenAlone('the rebuild beside the older rows', signal, async () => {
      if (await this.rowsAreOurs()) return;
      const { name, version } = this.projection;
      settings.log.info({ consumer: name, version }, 'the rows are rebuilt beside those of an older version');
      await rebuild(this.parts, this.projection, { signal, log: settings.log });
      await this.rowsAreOurs();
    });
  }

  /** To be told before partitions are asked for; so they come after the exchange that was seen last. */
  joins(): void {
    this.#joinedAfter = this.#exchangedAt;
  }

  /** True when rows were exchanged since {@link joins}, which takes the partitions from everybody. */
  async wereExchanged(): Promise<boolean> {
    return (await this.#state()).rebuiltAt !== this.#joinedAfter;
  }

  /** Resolves when rows were exchanged or a fault was mended since the last look, or when the signal aborts. */
  async renewed(signal: AbortSignal): Promise<void> {
    const { log } = this.parts.settings;
    while (!signal.aborted) {
      await pause(LOOK_EVERY_MS, signal);
      try {
        if (signal.aborted || (await this.#state()).generation !== this.#generation) return;
      } catch (error) {
        log.warn({ consumer: this.projection.name, err: error }, 'whether the fault was mended is not known now');
      }
    }
  }

  /** For everybody who asks from outside this process. */
  async noteFault(fault: ConsumerFault): Promise<void> {
    this.#savedFault = fault;
    await this.#survive(() => saveFault(this.projection.name, fault, this.parts.dataSource));
  }

  /** Everything up to here is in the rows, the place where it had stopped included. */
  async notePast(position: bigint): Promise<void> {
    if (!this.#savedFault || position < this.#savedFault.position) return;
    this.#savedFault = undefined;
    await this.#survive(() => clearFault(this.projection.name, this.parts.dataSource));
  }

  async #state(): Promise<ProjectionState> {
    const { dataSource } = this.parts;
    const { name } = this.projection;
    return (await readState(name, dataSource)) ?? claimState(name, await this.#versionOfRows(), dataSource);
  }

  /** Where nothing was kept yet, the checkpoints tell which version has run last. */
  async #versionOfRows(): Promise<number> {
    const { checkpoints } = this.parts;
    const consumer = consumerOf(this.projection);
    for (let version = this.projection.version; version > 1; version -= 1) {
      const places = await checkpoints.partitions.read(consumer, version);
      if (places.length > 0 || (await checkpoints.read(consumer, version)) !== undefined) return version;
    }
    const first = (await checkpoints.partitions.read(consumer, 1)).length > 0;
    return first || (await checkpoints.read(consumer, 1)) !== undefined ? 1 : this.projection.version;
  }

  /** Somebody else may be at it: then there may be nothing left to do. */
  async #whenAlone(doing: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { settings } = this.parts;
    const warn = this.warnings.of(doing);
    // Replicas that start together meet here each time, and wait for each other for a moment: that is worth no warning.
    const onRetry = (error: unknown) => error instanceof RebuildUnderWayError || warn(error);
    for (;;) {
      try {
        await retrying(work, { policy: settings.retry, signal, onRetry });
        return;
      } catch (error) {
        if (!(error instanceof RebuildUnderWayError) || signal.aborted) throw error;
        warn(error);
        await pause(LOOK_EVERY_MS, signal);
      }
    }
  }

  async #survive(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isFenced(error)) throw error;
      this.parts.settings.log.warn({ consumer: this.projection.name, err: error }, 'a fault was not noted');
    }
  }
}
