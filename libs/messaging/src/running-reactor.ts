import { pause } from '@runledger/event-store';
import type { CheckpointLease, Checkpoints, RecordedEvent } from '@runledger/event-store';
import { CheckpointSaver } from './checkpoint-saver.js';
import { ConsumerProgress } from './consumer-progress.js';
import type { Distribution } from './distribution.js';
import { failureCode } from './failure-code.js';
import { isFenced } from './fencing.js';
import { followLog } from './follow-log.js';
import { LowWatermark } from './low-watermark.js';
import type { Taken } from './low-watermark.js';
import { PartitionLanes } from './partition-lanes.js';
import type { ConsumerStatus, Reactor, RunningConsumer } from './reactor.js';
import { reached } from './reached.js';
import type { ReactorSettings } from './reactor-settings.js';
import { retrying } from './retry.js';

interface Reaction {
  readonly event: RecordedEvent;
  readonly taken: Taken;
}

interface RunningReactorParts {
  readonly source: Distribution;
  readonly checkpoints: Checkpoints;
  readonly settings: ReactorSettings;
}

/**
 * One reactor at work.
 * 1. The checkpoint is the low watermark: never ahead of an event whose reaction has not succeeded.
 * 2. Within a partition an event is handed over only after the reaction to the one before it has succeeded.
 * 3. A reaction that keeps failing ends the reactor at that event; none is skipped.
 */
export class RunningReactor implements RunningConsumer {
  readonly name: string;
  readonly #parts: RunningReactorParts;
  readonly #reactor: Reactor;
  readonly #ending = new AbortController();
  readonly #progress: ConsumerProgress;
  readonly #watermark: LowWatermark;
  readonly #lanes: PartitionLanes<Reaction>;
  readonly #saver: CheckpointSaver;
  readonly #ended: Promise<void>;

  constructor(reactor: Reactor, lease: CheckpointLease, parts: RunningReactorParts) {
    const { settings } = parts;
    this.name = reactor.name;
    this.#reactor = reactor;
    this.#parts = parts;
    this.#progress = new ConsumerProgress(reactor.name, lease.position);
    this.#watermark = new LowWatermark(lease.position);
    this.#lanes = new PartitionLanes(
      reaction => this.#handle(reaction),
      { items: settings.maxInFlight, partitions: settings.maxPartitions },
      error => this.#fail(undefined, error),
    );
    this.#saver = new CheckpointSaver(parts.checkpoints, lease, {
      everyMs: settings.checkpointEveryMs,
      retry: settings.retry,
      onLost: error => this.#fail(undefined, error),
      onRetry: error =>
        settings.log.warn({ consumer: this.name, err: error }, 'checkpoint was not written; it is written again'),
    });
    this.#ending.signal.addEventListener('abort', () => this.#lanes.close());
    this.#ended = this.#run(lease);
  }

  status(): ConsumerStatus {
    return this.#progress.status();
  }

  reached(position: bigint): Promise<void> {
    const { source } = this.#parts;
    return reached({ progress: this.#progress, source, types: this.#reactor.types }, position);
  }

  /** Takes no further event, waits a bounded time for the reactions under way and writes the checkpoint. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
    this.#progress.stop('asked');
  }

  async #run(lease: CheckpointLease): Promise<void> {
    try {
      await this.#follow(lease);
    } catch (error) {
      this.#fail(undefined, error);
    }
    await this.#settle();
  }

  async #follow(lease: CheckpointLease): Promise<void> {
    const { source, settings } = this.#parts;
    const deliveries = followLog(source, {
      after: lease.position,
      signal: this.#ending.signal,
      consumer: this.name,
      retry: settings.retry,
      log: settings.log,
      ...(this.#reactor.types.length === 0 ? {} : { types: this.#reactor.types }),
    });
    for await (const { events, scannedTo, caughtUp } of deliveries) {
      this.#progress.enter(caughtUp ? 'live' : 'catching-up');
      for (const event of events) await this.#take(event);
      if (this.#ending.signal.aborted) return;
      this.#watermark.scannedTo(scannedTo);
      this.#moved();
    }
  }

  async #take(event: RecordedEvent): Promise<void> {
    if (this.#ending.signal.aborted) return;
    const taken = this.#watermark.take(event.position);
    const partition = this.#reactor.partitionBy?.(event) ?? event.metadata.correlationId;
    await this.#lanes.add(partition, { event, taken });
  }

  async #handle({ event, taken }: Reaction): Promise<void> {
    if (this.#ending.signal.aborted) return;
    try {
      await retrying(() => this.#react(event), {
        policy: this.#parts.settings.retry,
        signal: this.#ending.signal,
        onRetry: (error, attempt) => this.#warn(event, error, attempt),
      });
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#fail(event, error);
      return;
    }
    this.#watermark.finish(taken);
    this.#moved();
  }

  async #react(event: RecordedEvent): Promise<void> {
    await this.#reactor.react(this.#reactor.asStored ? event : this.#parts.settings.upcast(event));
  }

  #moved(): void {
    this.#progress.moveTo(this.#watermark.position);
    this.#saver.note(this.#watermark.position);
  }

  #fail(event: RecordedEvent | undefined, error: unknown): void {
    const { log, onFault } = this.#parts.settings;
    const alreadyEnding = this.#ending.signal.aborted;
    this.#ending.abort();
    if (isFenced(error)) {
      this.#progress.stop('fenced');
      log.warn({ consumer: this.name }, 'reactor stopped: another owner has taken it over');
      return;
    }
    const position = event?.position ?? this.#watermark.position;
    const message = error instanceof Error ? error.message : String(error);
    this.#progress.fail({ position, eventType: event?.type ?? '-', code: failureCode(error), message });
    log.error({ consumer: this.name, position, eventType: event?.type, err: error }, 'reactor stopped at this event');
    if (!alreadyEnding) onFault?.(this.status());
  }

  async #settle(): Promise<void> {
    const { stopTimeoutMs, log } = this.#parts.settings;
    const deadline = new AbortController();
    await Promise.race([this.#lanes.idle(), pause(stopTimeoutMs, deadline.signal)]);
    deadline.abort();
    if (this.#lanes.pending > 0) {
      log.warn({ consumer: this.name, reactions: this.#lanes.pending }, 'reactions were still under way at the stop');
    }
    try {
      await this.#saver.close();
    } catch (error) {
      this.#fail(undefined, error);
    }
  }

  #warn(event: RecordedEvent, error: unknown, attempt: number): void {
    const { position, type: eventType } = event;
    this.#parts.settings.log.warn({ consumer: this.name, position, eventType, attempt, err: error }, 'reaction failed');
  }
}
