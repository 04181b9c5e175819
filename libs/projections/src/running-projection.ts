import type { PartitionLease, Position } from '@runledger/event-store';
import { isFenced, retrying, RetryWarnings } from '@runledger/messaging';
import type { Claimant, ConsumerStatus, RunningConsumer, Seat } from '@runledger/messaging';
import { HeldPartitions } from './held-partitions.js';
import { NextChange } from './next-change.js';
import { faultOf, PoisonEvent } from './poison-event.js';
import type { Projection } from './projection.js';
import { consumerOf, partsOf } from './projection.js';
import { ProjectionLifetime } from './projection-lifetime.js';
import { ProjectionProgress } from './projection-progress.js';
import type { ProjectionParts } from './projection-settings.js';
import { NewerRowsError } from './read-model-errors.js';
import { Shift } from './shift.js';
import { TransactionalRows } from './transactional-rows.js';

const LOOK = 'the look at which version made the rows';

/**
 * One projection in one process: at work on the partitions that it has now, which come and go.
 * 1. Whoever got partitions looks which version made the rows before it touches them. A swap fences all owners after it has
 *    said so: nobody writes rows of one version among those of another (P2).
 * 2. A fault stops it where it is, in sight of everybody (P1). It goes on when somebody says that the fault is mended, or has
 *    exchanged the rows.
 */
export class RunningProjection implements RunningConsumer, Claimant {
  readonly name: string;
  readonly consumer: string;
  readonly version: number;
  readonly parts: number;
  readonly #ending = new AbortController();
  readonly #lifetime: ProjectionLifetime;
  readonly #held = new HeldPartitions();
  readonly #progress: ProjectionProgress;
  readonly #warnings: RetryWarnings;
  #seat: Seat | undefined;
  #shift: Shift | undefined;
  #isForgotten = false;
  readonly #change = new NextChange();
  #ended: Promise<void> | undefined;

  private constructor(
    private readonly projection: Projection,
    private readonly given: ProjectionParts,
  ) {
    this.name = projection.name;
    this.consumer = consumerOf(projection);
    this.version = projection.version;
    this.parts = partsOf(projection);
    this.#warnings = new RetryWarnings(given.settings.log, projection.name);
    this.#lifetime = new ProjectionLifetime(projection, given, this.#warnings);
    this.#progress = new ProjectionProgress(projection, given, () => this.#held.size === this.parts);
  }

  /** Takes part in the work; rows of an older version are rebuilt beside before, which this does not wait for. */
  static async start(projection: Projection, given: ProjectionParts): Promise<RunningProjection> {
    const running = new RunningProjection(projection, given);
    if (await running.#rowsAreOurs()) await running.#join();
    running.#ended = running.#run();
    return running;
  }

  status(): ConsumerStatus {
    return this.#progress.status();
  }

  reached(position: Position): Promise<void> {
    return this.#progress.reached(position);
  }

  /** Takes no further batch; the one under way is finished. Others get its partitions at once. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#change.tell();
    await this.#shift?.end();
    await this.#ended;
    await this.#seat?.leave();
    this.#progress.stop('asked');
  }

  granted(leases: readonly PartitionLease[], seat: Seat): void {
    this.#seat = seat;
    this.#held.take(leases);
    this.#change.tell();
  }

  lost(partitions: readonly number[], forGood: boolean): void {
    this.#held.drop(partitions);
    this.#change.tell();
    if (forGood && !this.#ending.signal.aborted) void this.#rejoin();
  }

  async handOver(partitions: readonly number[]): Promise<void> {
    this.#held.drop(partitions);
    this.#change.tell();
    await this.#shift?.end();
  }

  moved(): readonly PartitionLease[] {
    return this.#held.all();
  }

  /** The shift ends, and the next one reads again what the rows have lost. */
  forgotten(): void {
    this.#isForgotten = true;
    this.#change.tell();
  }

  async #join(): Promise<void> {
    await this.#lifetime.beginWhenNew(this.#ending.signal);
    this.#lifetime.joins();
    this.#seat = await this.given.leases.join(this);
  }

  /** Everything was taken from it: by an exchange of the rows, after which it goes on, or by another process (R3). */
  async #rejoin(): Promise<void> {
    const { log } = this.given.settings;
    try {
      const wereExchanged = await this.#patiently(LOOK, () => this.#lifetime.wereExchanged());
      if (wereExchanged && (await this.#rowsAreOurs())) return await this.#join();
      this.#leaveToOthers();
    } catch (error) {
      log.warn({ consumer: this.name, err: error }, 'projection could not be taken up again');
      this.#leaveToOthers();
    }
  }

  #leaveToOthers(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#change.tell();
    this.#progress.stop('fenced');
    void this.#seat?.leave();
    this.given.settings.log.warn({ consumer: this.name }, 'projection stopped: another owner has taken it over');
  }

  /** Who has no seat yet has rows of an older version. */
  async #run(): Promise<void> {
    const watching = this.#progress.watch(this.#ending.signal);
    while (!this.#ending.signal.aborted) await this.#mended(() => (this.#seat ? this.#stretch() : this.#renew()));
    await watching;
  }

  async #renew(): Promise<void> {
    await this.#lifetime.bringToVersion(this.#ending.signal);
    await this.#join();
  }

  /** Works until the partitions change. */
  async #stretch(): Promise<void> {
    const { promise: change } = this.#change;
    if (this.#held.size === 0) {
      this.#progress.idle();
      return change;
    }
    if (!(await this.#rowsAreOurs())) throw new TypeError(`The rows of ${this.name} went back to an older version.`);
    const { dataSource, checkpoints, source, settings } = this.given;
    const leases = this.#held.all();
    const rows = new TransactionalRows(dataSource, checkpoints.partitions, this.projection, leases);
    this.#held.workOn(rows);
    if (this.#isForgotten) await this.#resync(rows);
    if (rows.leases.length === 0) return this.#held.keep(rows, leases);
    const isAll = rows.leases.length === this.parts;
    this.#progress.begin(rows.position, isAll);
    const onMoved = (position: Position, caughtUp: boolean) => {
      this.#progress.moved(position, { isAll, caughtUp });
      void this.#lifetime.notePast(position);
    };
    const { pace } = this.#progress;
    const shift = new Shift({ projection: this.projection, rows, source, settings, pace, onMoved });
    this.#shift = shift;
    try {
      await Promise.race([shift.ended, change]);
      await shift.end();
      await shift.ended;
    } catch (error) {
      await this.#recover(error, shift, rows);
    } finally {
      this.#held.keep(rows, leases);
    }
  }

  /**
   * Finds out what of the work was done, which the next shift goes on from. Throws what is a fault; that the work under way
   * could not be finished once the shift was to end is none: nothing was skipped.
   */
  async #recover(error: unknown, shift: Shift, rows: TransactionalRows): Promise<void> {
    const fenced = isFenced(error);
    if (!fenced && (error instanceof PoisonEvent || !shift.wasAskedToEnd)) throw error;
    const { log } = this.given.settings;
    if (!fenced) log.warn({ consumer: this.name, err: error }, 'the work under way was not done, and is done again');
    await this.#resync(rows);
    if (fenced) this.#seat?.doubt();
  }

  /** Whoever waits for a position must not be told of what the rows have lost. */
  async #resync(rows: TransactionalRows): Promise<void> {
    this.#isForgotten = false;
    await this.#patiently('the look at the checkpoints', () => rows.resync());
    if (rows.leases.length > 0) this.#progress.setBack(rows.position);
  }

  /** Does the work; on a fault it stops there until the fault is mended. */
  async #mended(work: () => Promise<void>): Promise<void> {
    // A change that comes while the work is failing already must not be missed: the stop is one.
    const { promise: change } = this.#change;
    try {
      await work();
    } catch (error) {
      const { log } = this.given.settings;
      if (this.#ending.signal.aborted && !(error instanceof PoisonEvent)) {
        return log.warn({ consumer: this.name, err: error }, 'the work under way at the stop was not done');
      }
      if (error instanceof NewerRowsError) {
        log.error({ consumer: this.name, err: error }, error.message);
        return this.#leaveToOthers();
      }
      const looking = new AbortController();
      await this.#fail(error);
      await Promise.race([this.#lifetime.renewed(looking.signal), change]).finally(() => looking.abort());
    }
  }

  async #fail(error: unknown): Promise<void> {
    const { log, onFault } = this.given.settings;
    const fault = faultOf(error, this.#shift?.scanned ?? this.status().position);
    this.#progress.fail(fault);
    const { position, eventType } = fault;
    log.error({ consumer: this.name, position, eventType, err: error }, 'projection stopped at this event');
    onFault?.(this.status());
    await this.#lifetime.noteFault(fault);
  }

  #rowsAreOurs(): Promise<boolean> {
    return this.#patiently(LOOK, () => this.#lifetime.rowsAreOurs());
  }

  /** What passes by itself is waited for: a database that starts again, a connection that is made again. */
  #patiently<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const onRetry = this.#warnings.of(doing);
    return retrying(work, { policy: this.given.settings.retry, signal: this.#ending.signal, onRetry });
  }
}
