import { pause, START } from '@runledger/event-store';
import type { PartitionLease, Position, RecordedEvent, SharedCheckpoints } from '@runledger/event-store';
import { CheckpointSaver } from './checkpoint-saver.js';
import type { Distribution } from './distribution.js';
import { isFenced } from './fencing.js';
import { followLog } from './follow-log.js';
import type { JointCheckpoints } from './joint-checkpoints.js';
import type { Seat } from './leases/claimant.js';
import type { Taken } from './low-watermark.js';
import type { ParkedKey } from './parked-keys.js';
import { PartitionLanes } from './partition-lanes.js';
import { lowestPosition, oldestPending, PartitionWork, passBy } from './partition-work.js';
import { Reactions } from './reactions.js';
import { keyIn, partitionIn, wantedBy, type Reactor } from './reactor.js';
import type { ReactorSettings } from './reactor-settings.js';
import { retrying } from './retry.js';

const CHECKPOINT_LATE = 'checkpoint was not written; it is written again';

interface Item {
  readonly work: PartitionWork;
  readonly key: string;
  /** Left out: the queue of this key is to be tried again. */
  readonly event?: { readonly recorded: RecordedEvent; readonly taken: Taken };
}

export interface ClaimParts {
  readonly reactor: Reactor;
  readonly source: Distribution;
  readonly checkpoints: SharedCheckpoints;
  readonly writes: JointCheckpoints;
  readonly settings: ReactorSettings;
  readonly seat: Seat;
  /** Something was dealt with, or passed by. */
  onMoved(): void;
  onParked(event: RecordedEvent, failure: { readonly code: string; readonly message: string }): void;
  /** The claim cannot go on. */
  onFailed(error: unknown): void;
}

/**
 * Partitions that were granted together, at work with one subscription from the lowest of their checkpoints.
 * 1. A checkpoint is the low watermark of its partition: never ahead of an event that was not dealt with.
 * 2. Within a key an event is handed over only after the one before it was dealt with.
 */
export class ReactorClaim {
  readonly #works = new Map<number, PartitionWork>();
  readonly #ending = new AbortController();
  readonly #lanes: PartitionLanes<Item>;
  readonly #saver: CheckpointSaver;
  readonly #reactions: Reactions;
  readonly #ended: Promise<void>;
  #live = false;
  /** Up to here everything was handed over that there is; the watermarks are told when somebody wants to know. */
  #scannedTo: Position = START;

  constructor(
    leases: readonly PartitionLease[],
    private readonly parts: ClaimParts,
  ) {
    const { checkpoints, writes, settings } = parts;
    for (const lease of leases) this.#works.set(lease.partition, new PartitionWork(lease, parts.seat));
    this.#reactions = new Reactions({ ...parts, parking: checkpoints.parking });
    const limits = { items: settings.maxInFlight, partitions: settings.maxPartitions, hasRoom: parts.reactor.hasRoom };
    const onFailed = (error: unknown) => parts.onFailed(error);
    this.#lanes = new PartitionLanes(item => this.#handle(item), limits, onFailed);
    this.#saver = new CheckpointSaver(writes, leases, {
      everyMs: settings.checkpointEveryMs,
      retry: settings.retry,
      catchUp: () => this.#passBy(),
      onFenced: partitions => this.#fenced(partitions),
      onLost: onFailed,
      onRetry: err => settings.log.warn({ consumer: parts.reactor.name, err }, CHECKPOINT_LATE),
    });
    this.#ending.signal.addEventListener('abort', () => this.#lanes.close());
    this.#ended = this.#run(leases);
  }

  get live(): boolean {
    return this.#live;
  }

  get partitions(): number[] {
    return [...this.#works.keys()];
  }

  positionOf(partition: number): Position | undefined {
    this.#passBy();
    return this.#works.get(partition)?.position;
  }

  /** Of its partitions, the lowest; undefined without any. */
  get position(): Position | undefined {
    this.#passBy();
    return lowestPosition(this.#works.values());
  }

  get size(): number {
    return this.#works.size;
  }

  /** When the log took the oldest event that was taken up and not dealt with. */
  get pendingSince(): string | undefined {
    return oldestPending(this.#works.values())?.recordedAt;
  }

  get parked(): number {
    return this.partitions.reduce((sum, partition) => sum + this.#reactions.keys.countIn(partition), 0);
  }

  /** Nothing of these can be written any more: they are forgotten. */
  lost(partitions: readonly number[]): void {
    for (const partition of partitions) this.#works.get(partition)?.end();
    this.#forget(partitions);
  }

  #fenced(partitions: readonly number[]): void {
    this.lost(partitions);
    this.parts.seat.doubt();
  }

  /** Takes up nothing more in these partitions, waits a bounded time for what is under way and writes the checkpoints. */
  async close(partitions: readonly number[] = this.partitions): Promise<void> {
    this.#passBy();
    const works = partitions.flatMap(partition => this.#works.get(partition) ?? []);
    for (const work of works) work.close();
    if (works.length === this.#works.size) this.#ending.abort();
    const { settings, reactor } = this.parts;
    const left = await Promise.all(works.map(work => work.settled(settings.stopTimeoutMs)));
    const fields = { consumer: reactor.name, reactions: left.reduce((sum, count) => sum + count, 0) };
    if (fields.reactions > 0) settings.log.warn(fields, 'reactions were still under way at the stop');
    try {
      await this.#saver.close(works.map(({ lease }) => lease.partition));
    } finally {
      this.#forget(partitions);
    }
    if (this.#works.size === 0) await this.#ended;
  }

  #forget(partitions: readonly number[]): void {
    for (const partition of partitions) this.#works.delete(partition);
    this.#saver.forget(partitions);
    this.#reactions.keys.forget(partitions);
    if (this.#works.size === 0) this.#ending.abort();
  }

  async #run(leases: readonly PartitionLease[]): Promise<void> {
    const { signal } = this.#ending;
    const policy = this.parts.settings.retry;
    try {
      await this.#resume(await retrying(() => this.#reactions.keys.load(leases), { policy, signal }));
      await Promise.all([this.#follow(leases), this.#lookAtParked()]);
    } catch (error) {
      if (!signal.aborted) this.parts.onFailed(error);
    }
  }

  async #follow(leases: readonly PartitionLease[]): Promise<void> {
    const { source, settings, reactor } = this.parts;
    const deliveries = followLog(source, {
      after: leases.map(({ position }) => position).reduce((a, b) => (a < b ? a : b)),
      signal: this.#ending.signal,
      consumer: reactor.name,
      retry: settings.retry,
      log: settings.log,
      ...wantedBy(reactor),
    });
    for await (const { events, scannedTo, caughtUp } of deliveries) {
      this.#live = caughtUp;
      for (const event of events) {
        const queued = this.#take(event);
        if (queued) await queued;
      }
      if (this.#ending.signal.aborted) return;
      this.#scannedTo = scannedTo;
      this.#saver.notePassing();
      this.parts.onMoved();
    }
  }

  #passBy(): void {
    const note = ({ lease, position }: PartitionWork) => this.#saver.note(lease.partition, position, false);
    passBy(this.#works.values(), this.#scannedTo, note);
  }

  /** A promise when there is no room for it at the moment. */
  #take(recorded: RecordedEvent): Promise<void> | undefined {
    const partition = partitionIn(this.parts.reactor, recorded);
    const work = partition === undefined ? undefined : this.#works.get(partition);
    // Claims begin at their lowest checkpoint: what this partition has behind it is not done again.
    if (!work?.isOpen || recorded.position <= work.lease.position) return undefined;
    const event = { recorded, taken: work.watermark.take(recorded) };
    return this.#queue({ work, key: keyIn(this.parts.reactor, recorded), event });
  }

  #queue(item: Item): Promise<void> | undefined {
    item.work.takeUp();
    const added = this.#lanes.add(item.key, item);
    if (typeof added !== 'boolean') return added.then(isAdded => void (isAdded || item.work.putDown()));
    if (!added) item.work.putDown();
    return undefined;
  }

  async #handle({ work, key, event }: Item): Promise<void> {
    try {
      if (!event) return await this.#reactions.resume(work, key);
      if (!(await this.#reactions.handle(work, key, event.recorded))) return work.stickTo(key);
      work.watermark.finish(event.taken);
      this.#saver.note(work.lease.partition, work.position, true);
      this.parts.onMoved();
    } catch (error) {
      if (!isFenced(error)) return this.parts.onFailed(error);
      this.#fenced([work.lease.partition]);
    } finally {
      work.putDown();
    }
  }

  /** People ask for another try, or discard, in the database: only who has something parked needs to look. */
  async #lookAtParked(): Promise<void> {
    const { signal } = this.#ending;
    const { settings, reactor } = this.parts;
    while (!signal.aborted) {
      await pause(settings.parkedLookMs, signal);
      if (signal.aborted || this.#reactions.keys.size === 0) continue;
      try {
        await this.#resume(await this.#reactions.keys.look([...this.#works.values()].map(({ lease }) => lease)));
      } catch (error) {
        settings.log.warn({ consumer: reactor.name, err: error }, 'parked events could not be looked at');
      }
    }
  }

  /** In the lane of their key, so that nothing of it is dealt with beside it. */
  async #resume(parked: readonly ParkedKey[]): Promise<void> {
    for (const { key, partition } of parked) {
      const work = this.#works.get(partition);
      if (work?.isOpen) await this.#queue({ work, key });
    }
  }
}
