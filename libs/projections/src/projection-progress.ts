import { START } from '@runledger/event-store';
import type { PartitionPlace, Position } from '@runledger/event-store';
import { ConsumerProgress, lookAhead, Pace, pause, SharedLook } from '@runledger/messaging';
import type { ConsumerFault, ConsumerStatus } from '@runledger/messaging';
import type { Projection } from './projection.js';
import { consumerOf } from './projection.js';
import type { ProjectionParts } from './projection-settings.js';
import { heldByOthers, leastOf } from './held-by-others.js';

/** How often at least it is asked how far all processes are, while somebody waits for a position and while nobody does. */
const LOOK_EVERY_MS = 50;
const STATUS_EVERY_MS = 1_000;

/** How far the rows of a projection are, whichever processes make them. */
export class ProjectionProgress {
  /** Hurried by those who wait for a position. */
  readonly pace: Pace;
  readonly #look = new SharedLook(signal => this.#lookOut(signal), LOOK_EVERY_MS);
  #progress: ConsumerProgress;
  #seen: ReadonlyMap<number, Position> = new Map();

  constructor(
    private readonly projection: Projection,
    private readonly parts: ProjectionParts,
    /** Whether this process has all partitions: then it knows by itself how far they are. */
    private readonly hasAll: () => boolean,
  ) {
    this.pace = new Pace(projection.restMs ?? parts.settings.restMs);
    this.#progress = new ConsumerProgress(projection.name, START);
  }

  status(): ConsumerStatus {
    return this.#progress.status();
  }

  /** Work begins, or begins again after a fault. `isAll`: on all partitions, which stand at `position` or behind it. */
  begin(position: Position, isAll: boolean): void {
    const { state } = this.#progress.status();
    if (state === 'faulted' || state === 'stopped') this.#progress = new ConsumerProgress(this.projection.name, START);
    if (isAll) this.#progress.moveTo(position);
  }

  moved(position: Position, { isAll, caughtUp }: { readonly isAll: boolean; readonly caughtUp: boolean }): void {
    if (isAll) this.#progress.moveTo(position);
    this.#progress.enter(caughtUp ? 'live' : 'catching-up');
  }

  /** The rows hold no more than this any more: a database that died has forgotten the rest. */
  setBack(position: Position): void {
    this.#progress.setBack(position);
  }

  /** Others have everything. */
  idle(): void {
    this.#progress.enter('live');
  }

  fail(fault: ConsumerFault): void {
    this.#progress.fail(fault);
  }

  stop(reason: 'asked' | 'fenced'): void {
    this.#progress.stop(reason);
  }

  async reached(position: Position): Promise<void> {
    if (position <= this.status().position) return;
    await this.pace.hurried(this.#look.until(this.#progress.reached(position)));
  }

  /** Keeps the status true to what the other processes do, until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await pause(STATUS_EVERY_MS, signal)) if (!this.hasAll()) await this.#lookAround(signal);
  }

  async #lookOut(signal: AbortSignal): Promise<void> {
    if (!this.hasAll()) return this.#lookAround(signal);
    await lookAhead({ progress: this.#progress, source: this.parts.source, types: this.projection.types }, signal);
  }

  async #lookAround(signal: AbortSignal): Promise<void> {
    const { checkpoints, settings, store } = this.parts;
    const { name, version } = this.projection;
    try {
      const places = await checkpoints.partitions.read(consumerOf(this.projection), version);
      if (this.#haveGoneBack(places)) this.#progress.setBack(leastOf(places));
      this.#progress.moveTo(leastOf(places));
      const { awaited: wanted } = this.#progress;
      if (wanted === undefined) return;
      const known = this.#progress.status().position;
      this.#progress.passOver(known, await heldByOthers(this.projection, places, { store, known, wanted }));
    } catch (error) {
      if (!signal.aborted)
        settings.log.warn({ consumer: name, err: error }, 'how far the other processes are is not known now');
    }
  }

  /** Since the last look. Checkpoints only move on, but for those that a database has forgotten, which died. */
  #haveGoneBack(places: readonly PartitionPlace[]): boolean {
    const before = this.#seen;
    this.#seen = new Map(places.map(({ partition, position }) => [partition, position]));
    return places.some(({ partition, position }) => position < (before.get(partition) ?? START));
  }
}
