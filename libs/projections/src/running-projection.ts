import type { RecordedEvent } from '@runledger/event-store';
import { ConsumerProgress, failureCode, followLog, isFenced, reached, retrying } from '@runledger/messaging';
import type { ConsumerStatus, Delivery, Distribution, RunningConsumer } from '@runledger/messaging';
import { PoisonEvent } from './poison-event.js';
import type { Projection } from './projection.js';
import type { ProjectionSettings } from './projection-settings.js';
import { readAhead } from './read-ahead.js';
import type { TransactionalRows } from './transactional-rows.js';

const SKIP_EVERY_MS = 1_000;

/**
 * One projection at work.
 * 1. Rows and checkpoint commit in one transaction, so a crash at any point repeats nothing and loses nothing (P1).
 * 2. A batch that fails is applied event by event: what comes before the poison event is kept, the poison event is tried
 *    as the policy says, and then the projection stops there. None is skipped.
 */
export class RunningProjection implements RunningConsumer {
  readonly name: string;
  readonly #ending = new AbortController();
  readonly #progress: ConsumerProgress;
  readonly #ended: Promise<void>;
  #lastSkipMs = 0;
  #scanned: bigint;

  constructor(
    private readonly projection: Projection,
    private readonly rows: TransactionalRows,
    private readonly source: Distribution,
    private readonly settings: ProjectionSettings,
  ) {
    this.name = projection.name;
    this.#scanned = rows.position;
    this.#progress = new ConsumerProgress(projection.name, rows.position);
    this.#ended = this.#run();
  }

  status(): ConsumerStatus {
    return this.#progress.status();
  }

  reached(position: bigint): Promise<void> {
    return reached({ progress: this.#progress, source: this.source, types: this.projection.types }, position);
  }

  /** Takes no further batch; the one under way is finished. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
    this.#progress.stop('asked');
  }

  async #run(): Promise<void> {
    try {
      await this.#follow();
      if (this.#scanned > this.rows.position) await this.rows.skipTo(this.#scanned);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #follow(): Promise<void> {
    const { batchSize, retry, log } = this.settings;
    const types = this.projection.types.length === 0 ? {} : { types: this.projection.types };
    const from = { after: this.rows.position, batchSize, consumer: this.name, retry, log, ...types };
    const open = (signal: AbortSignal) => followLog(this.source, { ...from, signal });
    for await (const delivery of readAhead(open, this.#ending.signal)) {
      if (this.#ending.signal.aborted) return;
      await this.#take(delivery);
      this.#progress.moveTo(this.#scanned);
      this.#progress.enter(delivery.caughtUp ? 'live' : 'catching-up');
    }
  }

  async #take({ events, scannedTo }: Delivery): Promise<void> {
    if (events.length > 0) {
      await this.#commit(events, scannedTo);
      this.#announce(events);
    } else if (scannedTo > this.rows.position && Date.now() - this.#lastSkipMs >= SKIP_EVERY_MS) {
      this.#lastSkipMs = Date.now();
      await this.#patiently(() => this.rows.skipTo(scannedTo));
    }
    this.#scanned = scannedTo;
  }

  async #commit(events: readonly RecordedEvent[], scannedTo: bigint): Promise<void> {
    try {
      await this.rows.commit(() => this.#upcast(events), scannedTo);
    } catch (error) {
      if (isFenced(error) || this.#ending.signal.aborted) throw error;
      this.settings.log.warn({ consumer: this.name, err: error }, 'batch failed; its events are applied one by one');
      await this.#patiently(() => this.rows.resync());
      for (const event of events) await this.#commitOne(event);
      if (scannedTo > this.rows.position) await this.#patiently(() => this.rows.skipTo(scannedTo));
    }
  }

  async #commitOne(event: RecordedEvent): Promise<void> {
    try {
      await this.#patiently(async () => {
        if (event.position <= this.rows.position) return;
        await this.rows.commit(() => this.#upcast([event]), event.position);
      });
      this.#progress.moveTo(event.position);
    } catch (error) {
      if (isFenced(error) || this.#ending.signal.aborted) throw error;
      throw new PoisonEvent(event, error);
    }
  }

  /** Tries as the policy says; before each further try it asks where the checkpoint stands. */
  #patiently(work: () => Promise<void>): Promise<void> {
    let failed = false;
    const attempt = async () => {
      if (failed) await this.rows.resync();
      failed = true;
      await work();
    };
    const onRetry = (error: unknown, tries: number) =>
      this.settings.log.warn({ consumer: this.name, attempt: tries, err: error }, 'projection failed; it tries again');
    return retrying(attempt, { policy: this.settings.retry, signal: this.#ending.signal, onRetry });
  }

  #upcast(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    return this.projection.asStored ? events : events.map(this.settings.upcast);
  }

  #announce(events: readonly RecordedEvent[]): void {
    const { changes } = this.settings;
    if (!changes?.isHeard(this.name)) return;
    const last = new Map<string | undefined, bigint>();
    for (const event of this.#upcast(events)) {
      const key = this.projection.keyOf?.(event);
      last.delete(key);
      last.set(key, event.position);
    }
    for (const [key, position] of last) changes.publish({ kind: 'changed', projection: this.name, key, position });
  }

  #fail(error: unknown): void {
    const { log, onFault } = this.settings;
    const asked = this.#ending.signal.aborted;
    this.#ending.abort();
    if (isFenced(error)) {
      this.#progress.stop('fenced');
      log.warn({ consumer: this.name }, 'projection stopped: another owner has taken it over');
      return;
    }
    const { event, cause } = error instanceof PoisonEvent ? error : { event: undefined, cause: error };
    if (asked && !event) {
      log.warn({ consumer: this.name, err: cause }, 'the batch under way at the stop was not applied');
      return;
    }
    const position = event?.position ?? this.rows.position;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#progress.fail({ position, eventType: event?.type ?? '-', code: failureCode(cause), message });
    log.error(
      { consumer: this.name, position, eventType: event?.type, err: cause },
      'projection stopped at this event',
    );
    onFault?.(this.status());
  }
}
