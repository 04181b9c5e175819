import type { Position, RecordedEvent } from '@runledger/event-store';
import { followLog, isFenced, retrying } from '@runledger/messaging';
import type { Delivery, Distribution, Pace } from '@runledger/messaging';
import { PoisonEvent } from './poison-event.js';
import type { Projection } from './projection.js';
import type { ProjectionSettings } from './projection-settings.js';
import { readAhead } from './read-ahead.js';
import { CommitsForgottenError, PartitionsLostError } from './read-model-errors.js';
import type { TransactionalRows } from './transactional-rows.js';

const SKIP_EVERY_MS = 1_000;

export interface ShiftParts {
  readonly projection: Projection;
  readonly rows: TransactionalRows;
  readonly source: Distribution;
  readonly settings: ProjectionSettings;
  readonly pace: Pace;
  /** The rows hold everything up to here, of the partitions at work. */
  onMoved(this: void, position: Position, caughtUp: boolean): void;
}

/**
 * A projection at work on the partitions that its process has for the time being; when these change, another shift begins.
 * 1. Rows and checkpoints commit in one transaction, so a crash at any point repeats nothing and loses nothing (P1).
 * 2. A batch that fails is applied event by event: what comes before the poison event is kept, the poison event is tried
 *    as the policy says, and then the shift ends with {@link PoisonEvent}. None is skipped.
 * 3. Where checkpoints stand farther back than they were moved, the shift ends as well: what it has read since then is gone.
 */
export class Shift {
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  #asked = false;
  #lastSkipMs = -Infinity;
  #skipTimer: NodeJS.Timeout | undefined;
  #skipping: Promise<void> | undefined;
  #trouble: { readonly error: unknown } | undefined;
  #scanned: Position;

  constructor(private readonly parts: ShiftParts) {
    this.#scanned = parts.rows.position;
    this.#ended = this.#work();
    // Whoever runs the shift awaits it; whoever only ends it may not have to hear of its failure.
    this.#ended.catch(() => undefined);
  }

  /** Up to here it has dealt with everything. */
  get scanned(): Position {
    return this.#scanned;
  }

  get wasAskedToEnd(): boolean {
    return this.#asked;
  }

  /** Resolves when it was asked to end and has; rejects when it cannot go on. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Takes no further batch; the one under way is finished. */
  async end(): Promise<void> {
    this.#asked = true;
    this.#ending.abort();
    await this.#ended.catch(() => undefined);
  }

  async #work(): Promise<void> {
    try {
      await this.#follow();
    } finally {
      clearTimeout(this.#skipTimer);
      await this.#skipping;
    }
    if (this.#trouble) throw this.#trouble.error;
    const { rows } = this.parts;
    if (rows.leases.length > 0 && this.#scanned > rows.position) await rows.skipTo(this.#scanned);
  }

  async #follow(): Promise<void> {
    const { projection, rows, source, settings, pace, onMoved } = this.parts;
    const { batchSize, retry, log } = settings;
    const types = projection.types.length === 0 ? {} : { types: projection.types };
    const from = { after: rows.position, batchSize, consumer: projection.name, retry, log, pace, ...types };
    const open = (signal: AbortSignal) => followLog(source, { ...from, signal });
    for await (const delivery of readAhead(open, this.#ending.signal)) {
      if (this.#ending.signal.aborted) return;
      await this.#take(delivery);
      if (this.#trouble) return;
      onMoved(this.#scanned, delivery.caughtUp);
    }
  }

  async #take({ events, scannedTo }: Delivery): Promise<void> {
    const { rows } = this.parts;
    clearTimeout(this.#skipTimer);
    await this.#skipping;
    // When it found the checkpoints farther back, what lies before this delivery has to be read again: nothing may move over it.
    if (this.#trouble) return;
    const own = events.filter(event => rows.wants(event));
    if (own.length > 0) {
      await this.#commit(own, scannedTo);
      this.#announce(own);
    }
    if (scannedTo > this.#scanned) this.#scanned = scannedTo;
    if (this.#scanned > rows.position) await this.#skipSoon();
  }

  /** Checkpoints pass events that are not wanted too, so that nobody reads these again; but not with each of them. */
  async #skipSoon(): Promise<void> {
    const dueMs = this.#lastSkipMs + SKIP_EVERY_MS - performance.now();
    if (dueMs <= 0) return this.#skip();
    // Not while a batch is applied: the next delivery ends the waiting.
    this.#skipTimer = setTimeout(() => {
      this.#skipping = this.#skip();
    }, dueMs);
  }

  async #skip(): Promise<void> {
    const { rows } = this.parts;
    this.#lastSkipMs = performance.now();
    try {
      await this.#patiently(async () => {
        if (this.#scanned > rows.position) await rows.skipTo(this.#scanned);
      });
    } catch (error) {
      // Checkpoints that were found to stand farther back must not be moved over what is to be read again, also not at the end.
      if (this.#ending.signal.aborted && !isFenced(error)) return;
      this.#trouble = { error };
      this.#ending.abort();
    }
  }

  async #commit(events: readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    const { rows, projection, settings } = this.parts;
    try {
      await rows.commit(() => this.#upcast(events), scannedTo);
    } catch (error) {
      if (isFenced(error) || this.#ending.signal.aborted) throw error;
      settings.log.warn({ consumer: projection.name, err: error }, 'batch failed; its events are applied one by one');
      await this.#patiently(() => this.#resync());
      for (const event of events) await this.#commitOne(event);
      if (scannedTo > rows.position) await this.#patiently(() => rows.skipTo(scannedTo));
    }
  }

  async #commitOne(event: RecordedEvent): Promise<void> {
    const { rows, onMoved } = this.parts;
    try {
      await this.#patiently(async () => {
        if (rows.wants(event)) await rows.commit(() => this.#upcast([event]), event.position);
      });
    } catch (error) {
      if (isFenced(error) || this.#ending.signal.aborted) throw error;
      throw new PoisonEvent(event, error);
    }
    this.#scanned = event.position;
    onMoved(this.#scanned, false);
  }

  /** Tries as the policy says; before each further try it asks where the checkpoints stand. */
  #patiently(work: () => Promise<void>): Promise<void> {
    const { projection, settings } = this.parts;
    let failed = false;
    const attempt = async () => {
      if (failed) await this.#resync();
      failed = true;
      await work();
    };
    const onRetry = (error: unknown, tries: number) =>
      settings.log.warn({ consumer: projection.name, attempt: tries, err: error }, 'projection failed; it tries again');
    return retrying(attempt, { policy: settings.retry, signal: this.#ending.signal, onRetry });
  }

  async #resync(): Promise<void> {
    const { rows, projection, settings } = this.parts;
    const found = await rows.resync();
    if (found === 'SOME_LOST') throw new PartitionsLostError(projection.name);
    if (found === 'AS_BEFORE') return;
    settings.log.warn(
      { consumer: projection.name },
      'the database has forgotten commits; what they held is read again',
    );
    throw new CommitsForgottenError(projection.name);
  }

  #upcast(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    const { projection, settings } = this.parts;
    return projection.asStored ? events : events.map(settings.upcast);
  }

  #announce(events: readonly RecordedEvent[]): void {
    const { projection, settings } = this.parts;
    if (!settings.changes?.isHeard(projection.name)) return;
    const last = new Map<string | undefined, Position>();
    for (const event of this.#upcast(events)) {
      const key = projection.keyOf?.(event);
      last.delete(key);
      last.set(key, event.position);
    }
    for (const [key, position] of last)
      settings.changes.publish({ kind: 'changed', projection: projection.name, key, position });
  }
}
