import { PARTITIONS } from '@runledger/event-store';
import type { PartitionLease, Position, RecordedEvent, SharedCheckpoints } from '@runledger/event-store';
import { ConsumerProgress } from './consumer-progress.js';
import type { Distribution } from './distribution.js';
import type { Claimant, Seat } from './leases/claimant.js';
import type { Leases } from './leases/leases.js';
import { failureCode } from './failure-code.js';
import type { JointCheckpoints } from './joint-checkpoints.js';
import { lookAhead } from './look-ahead.js';
import { wantedBy } from './reactor.js';
import type { ConsumerFault, ConsumerStatus, Reactor, RunningConsumer } from './reactor.js';
import { ReactorClaim } from './reactor-claim.js';
import type { ReactorSettings } from './reactor-settings.js';
import { SharedLook } from './shared-look.js';

/** How often at least it is asked, while somebody waits for a position, how far this and the other processes are. */
const LOOK_EVERY_MS = 200;

export interface RunningReactorParts {
  readonly source: Distribution;
  readonly checkpoints: SharedCheckpoints;
  /** The way on which the reactors of this process write their checkpoints. */
  readonly writes: JointCheckpoints;
  readonly leases: Leases;
  readonly settings: ReactorSettings;
}

/** One reactor in one process: at work on the partitions that it has now, which come and go. */
export class RunningReactor implements RunningConsumer, Claimant {
  readonly name: string;
  readonly consumer: string;
  readonly version = 1;
  readonly #claims = new Set<ReactorClaim>();
  readonly #progress: ConsumerProgress;
  readonly #look = new SharedLook(signal => this.#lookOut(signal), LOOK_EVERY_MS);
  #seat: Seat | undefined;
  #lastParked: ConsumerFault | undefined;
  #ended: Promise<void> | undefined;

  private constructor(
    private readonly reactor: Reactor,
    private readonly house: RunningReactorParts,
  ) {
    this.name = reactor.name;
    this.consumer = `reactor/${reactor.name}`;
    this.#progress = new ConsumerProgress(reactor.name, 0n);
  }

  static async start(reactor: Reactor, parts: RunningReactorParts): Promise<RunningReactor> {
    const running = new RunningReactor(reactor, parts);
    running.#seat = await parts.leases.join(running);
    return running;
  }

  status(): ConsumerStatus {
    const claims = [...this.#claims];
    const { state, position, ...rest } = this.#progress.status();
    const isWorking = state === 'live' || state === 'catching-up';
    const pending = claims.flatMap(({ pendingSince }) => pendingSince ?? []).sort()[0];
    return {
      ...rest,
      state: isWorking ? (claims.every(({ live }) => live) ? 'live' : 'catching-up') : state,
      position: highest(position, this.#lowest()),
      partitions: claims.flatMap(({ partitions }) => partitions).sort((a, b) => a - b),
      parked: claims.reduce((sum, { parked }) => sum + parked, 0),
      ...(pending === undefined ? {} : { pendingSince: pending }),
      ...(this.#lastParked && { lastParked: this.#lastParked }),
    };
  }

  async reached(position: Position): Promise<void> {
    this.#catchUp();
    await this.#look.until(this.#progress.reached(position));
  }

  /** Takes no further event, waits a bounded time for the reactions under way, writes the checkpoints and lets others go on. */
  async stop(): Promise<void> {
    await this.#end();
    this.#progress.stop('asked');
  }

  granted(leases: readonly PartitionLease[], seat: Seat): void {
    if (this.#ended) return;
    const { house, reactor } = this;
    const claim = new ReactorClaim(leases, {
      ...house,
      reactor,
      seat,
      onMoved: () => this.#moved(),
      onParked: (event, failure) => this.#parked(event, failure),
      onFailed: error => this.#fail(error),
    });
    this.#claims.add(claim);
    this.#catchUp();
  }

  lost(partitions: readonly number[], forGood: boolean): void {
    this.#catchUp();
    for (const claim of this.#claims) claim.lost(partitions);
    this.#dropEmpty();
    if (!forGood || this.#ended) return;
    this.#progress.stop('fenced');
    this.house.settings.log.warn({ consumer: this.name }, 'reactor stopped: another owner has taken it over');
    void this.#end();
  }

  async handOver(partitions: readonly number[]): Promise<void> {
    this.#catchUp();
    const closing = [...this.#claims].map(async claim => {
      const own = claim.partitions.filter(partition => partitions.includes(partition));
      if (own.length > 0) await claim.close(own);
    });
    await Promise.all(closing);
    this.#dropEmpty();
  }

  #dropEmpty(): void {
    for (const claim of this.#claims) if (claim.partitions.length === 0) this.#claims.delete(claim);
  }

  #lowest(): Position | undefined {
    let lowest: Position | undefined;
    for (const { position } of this.#claims) {
      if (position !== undefined && (lowest === undefined || position < lowest)) lowest = position;
    }
    return lowest;
  }

  #owned(): number {
    let owned = 0;
    for (const { size } of this.#claims) owned += size;
    return owned;
  }

  /** With each event. How far everything is has its price, so it is reckoned when somebody wants to know. */
  #moved(): void {
    if (this.#progress.isAwaited || this.#ended) this.#catchUp();
  }

  /** Who has everything knows how far everything is. */
  #catchUp(): void {
    const lowest = this.#lowest();
    if (lowest !== undefined && this.#owned() === PARTITIONS) this.#progress.moveTo(lowest);
  }

  async #lookOut(signal: AbortSignal): Promise<void> {
    if (this.#owned() < PARTITIONS) await this.#lookAround();
    if (signal.aborted || !this.#progress.isAwaited) return;
    await lookAhead({ progress: this.#progress, source: this.house.source, ...wantedBy(this.reactor) }, signal);
  }

  /** While others have partitions, their checkpoints say how far these are. */
  async #lookAround(): Promise<void> {
    const { checkpoints, settings } = this.house;
    try {
      const places = await checkpoints.partitions.read(this.consumer, this.version);
      const positions = places.map(place => this.#own(place.partition) ?? place.position);
      this.#progress.moveTo(positions.reduce((a, b) => (a < b ? a : b)));
    } catch (error) {
      settings.log.warn({ consumer: this.name, err: error }, 'how far the other processes are is not known now');
    }
  }

  #own(partition: number): Position | undefined {
    for (const claim of this.#claims) {
      const position = claim.positionOf(partition);
      if (position !== undefined) return position;
    }
    return undefined;
  }

  #parked(event: RecordedEvent, { code, message }: { readonly code: string; readonly message: string }): void {
    const { position, type: eventType } = event;
    this.#lastParked = { position, eventType, code, message };
    const fields = { consumer: this.name, position, eventType, code, reason: message };
    this.house.settings.log.error(fields, 'a reaction was given up; its event is parked');
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#catchUp();
    const { log, onFault } = this.house.settings;
    const position = this.#lowest() ?? this.#progress.status().position;
    const message = error instanceof Error ? error.message : String(error);
    this.#progress.fail({ position, eventType: '-', code: failureCode(error), message });
    log.error({ consumer: this.name, position, err: error }, 'reactor stopped');
    void this.#end();
    onFault?.(this.status());
  }

  #end(): Promise<void> {
    this.#catchUp();
    return (this.#ended ??= this.#settle());
  }

  async #settle(): Promise<void> {
    const closing = [...this.#claims].map(claim => claim.close());
    for (const outcome of await Promise.allSettled(closing)) {
      if (outcome.status === 'fulfilled') continue;
      const fields = { consumer: this.name, err: outcome.reason as unknown };
      this.house.settings.log.warn(fields, 'a checkpoint was not written at the stop; its events come again');
    }
    await this.#seat?.leave();
  }
}

function highest(position: Position, other: Position | undefined): Position {
  return other !== undefined && other > position ? other : position;
}
