import type { Position, RecordedEvent } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { DEFAULT_RETRY, isFenced, retrying, upcastEvent } from '@runledger/messaging';
import type { Projection } from '../projection.js';
import { CannotApplyError } from '../read-model-errors.js';
import { logPages } from './log-pages.js';
import type { ReadableLog } from './log-pages.js';
import type { ShadowCopy } from './shadow-copy.js';

/** How far a rebuild has come. */
export interface RebuildProgress {
  readonly projection: string;
  readonly position: Position;
  /** Where the log ended when it was last looked at. */
  readonly head: Position;
  /** Applied since this process took it up. */
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Until `head`, if it goes on at this speed. */
  readonly etaMs: number;
}

export interface ShadowFillOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
}

export interface FillTo {
  /** Inclusive; left out: the end of the log. */
  readonly upTo?: Position;
  /** Which events count; left out: all. */
  readonly wanted?: (event: RecordedEvent) => boolean;
}

const PAGE_EVENTS = 5_000;
const TELL_EVERY_MS = 1_000;

/** Brings a copy from where it is to where it is wanted, at batch speed. */
export class ShadowFill {
  readonly #startedMs = performance.now();
  #events = 0;
  #from: Position;
  #toldMs = 0;

  constructor(
    private readonly copy: ShadowCopy,
    private readonly projection: Projection,
    private readonly log: { readonly store: ReadableLog; readonly catalogue: EventCatalogue },
    private readonly options: ShadowFillOptions,
  ) {
    this.#from = copy.position;
  }

  get events(): number {
    return this.#events;
  }

  /** Throws {@link CannotApplyError} at an event that the projection cannot take; what comes before it is kept. */
  async to({ upTo, wanted = () => true }: FillTo = {}): Promise<void> {
    const { store } = this.log;
    let head = upTo ?? (await store.head());
    const { signal } = this.options;
    const pages = logPages(store, { ...this.#reading(upTo), after: this.copy.position });
    for await (const { events, scannedTo } of pages) {
      if (scannedTo > this.copy.position) await this.#take(events.filter(wanted), scannedTo);
      if (scannedTo > head) head = await store.head();
      this.#tell(head);
    }
    signal.throwIfAborted();
  }

  /** Every wanted event behind the copy and up to `upTo`, for a transaction of the caller's. */
  async rest(upTo: Position): Promise<readonly RecordedEvent[]> {
    const rest: RecordedEvent[] = [];
    const pages = logPages(this.log.store, { ...this.#reading(upTo), after: this.copy.position });
    for await (const { events } of pages) rest.push(...this.#upcast(events));
    return rest;
  }

  progress(head: Position): RebuildProgress {
    const seconds = Math.max(performance.now() - this.#startedMs, 1) / 1_000;
    const { position } = this.copy;
    const left = head > position ? Number(head - position) : 0;
    const perSecond = Number(position - this.#from) / seconds;
    return {
      projection: this.projection.name,
      position,
      head,
      events: this.#events,
      eventsPerSecond: Math.round(this.#events / seconds),
      etaMs: left === 0 ? 0 : Math.round((left / Math.max(perSecond, 1)) * 1_000),
    };
  }

  #reading(upTo: Position | undefined) {
    const { types } = this.projection;
    return { types, pageSize: PAGE_EVENTS, signal: this.options.signal, ...(upTo === undefined ? {} : { upTo }) };
  }

  async #take(events: readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    try {
      await this.#patiently(() => this.copy.commit(this.#upcast(events), scannedTo), scannedTo);
    } catch (error) {
      if (isFenced(error) || this.options.signal.aborted) throw error;
      for (const event of events) await this.#takeOne(event);
      if (scannedTo > this.copy.position) await this.copy.commit([], scannedTo);
    }
    this.#events += events.length;
  }

  async #takeOne(event: RecordedEvent): Promise<void> {
    try {
      if (event.position > this.copy.position) await this.copy.commit(this.#upcast([event]), event.position);
    } catch (cause) {
      if (isFenced(cause)) throw cause;
      throw new CannotApplyError(this.projection.name, event, cause);
    }
  }

  /** What passes by itself is waited for: a database that starts again, a connection that is made again. */
  #patiently(work: () => Promise<void>, scannedTo: Position): Promise<void> {
    let failed = false;
    const attempt = async () => {
      if (failed) await this.copy.resync();
      failed = true;
      if (this.copy.position < scannedTo) await work();
    };
    const policy = { ...DEFAULT_RETRY, attempts: 1 };
    return retrying(attempt, { policy, signal: this.options.signal });
  }

  #upcast(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    return this.projection.asStored ? events : events.map(event => upcastEvent(this.log.catalogue, event));
  }

  #tell(head: Position): void {
    const { onProgress } = this.options;
    if (!onProgress || performance.now() - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = performance.now();
    onProgress(this.progress(head));
  }
}
