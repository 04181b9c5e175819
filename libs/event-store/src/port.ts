/** Place of an event in the log: comparable, ever growing, with holes. Only its order has a meaning. */
export type Position = bigint;

/** Before the first event of the log. */
export const START: Position = 0n;

/** Who caused an event. `via` is how they came in: `token`, `session`, `reaction`, … */
export interface Actor {
  readonly kind: 'member' | 'service' | 'system';
  readonly id: string;
  readonly name?: string;
  readonly via?: string;
}

/** What every stored event carries beside its data. Times are ISO 8601 UTC. */
export interface EventMetadata {
  /** The run that this event belongs to (`run_…`), or the id of the first command of its story. Partition key everywhere. */
  readonly correlationId: string;
  /** The command or event that caused this one. */
  readonly causationId: string;
  readonly actor: Actor;
  readonly workspaceId: string;
  /** When it happened by the writer's clock: the time that counts. */
  readonly occurredAt: string;
  readonly schemaVersion: number;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** An event on its way into the store. `id` is a UUID made by the caller and stays the same when the append is retried (E1). */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** An event as it was stored. `data` is exactly what was written: upcasting is the reader's affair (E4). */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
  readonly tenant: string;
  readonly stream: string;
  readonly category: string;
  /** Counts from 0 within its stream, without holes. */
  readonly revision: number;
  readonly position: Position;
  /** When the store took it, by the store's clock. For people: use `metadata.occurredAt` for anything that counts. */
  readonly recordedAt: string;
}

/** One stream of one tenant (a workspace id). Names are `<category>-<key>`, at most 512 characters. */
export interface StreamRef {
  readonly tenant: string;
  readonly name: string;
}

/**
 * What the writer believes about the stream: an exact last revision, `no-stream` (absent, or soft-deleted), `exists`
 * (at least one event), or `any` (no belief).
 */
export type ExpectedRevision = number | 'no-stream' | 'exists' | 'any';

export type AppendOutcome =
  | {
      readonly status: 'appended';
      /** Revision of the last event of this append; for an empty append the stream's last revision (-1: none). */
      readonly revision: number;
      /** Position of the last event of this append; START for an empty append. */
      readonly position: Position;
    }
  /** These very ids are in the stream already, where the expected revision puts them: the first append's result again. */
  | { readonly status: 'duplicate'; readonly revision: number; readonly position: Position }
  /** The stream is elsewhere; -1 means that it has no event. Nothing was stored. */
  | { readonly status: 'conflict'; readonly revision: number }
  /** The stream was tombstoned: nothing can be appended to it ever again. */
  | { readonly status: 'deleted' };

export interface ReadStreamOptions {
  /** First revision to read, inclusive. Default 0 forwards, the end backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  /** At most this many events; default 1,000. 0 reads none. */
  readonly limit?: number;
}

export interface StreamSlice {
  /** `absent` covers never written and soft-deleted; `tombstoned` streams have no events. */
  readonly state: 'active' | 'absent' | 'tombstoned';
  readonly events: readonly RecordedEvent[];
  /** Last revision of the stream, -1 when it has no event. */
  readonly lastRevision: number;
}

/** All given conditions must hold. */
export interface EventFilter {
  readonly tenant?: string;
  readonly types?: readonly string[];
  readonly categories?: readonly string[];
  readonly correlationId?: string;
}

export interface ReadAllOptions extends EventFilter {
  /** Exclusive: START reads from the first event. */
  readonly after: Position;
  /** At most this many events; default 500. */
  readonly limit?: number;
}

export interface AllSlice {
  readonly events: readonly RecordedEvent[];
  /**
   * Where to go on: every matching event up to here, inclusive, is in `events` or was before `after`. It is the position
   * of an existing event, or `after` itself, so that it may be kept outside this database (event-store explanation).
   */
  readonly scannedTo: Position;
  /** True when nothing more could be read at that moment. Until then go on, however few events came: matches may be rare. */
  readonly caughtUp: boolean;
}

export interface SubscribeOptions extends EventFilter {
  /** Exclusive. */
  readonly after: Position;
  /** Ends the subscription. */
  readonly signal: AbortSignal;
  /** Most events in one batch; default 500. */
  readonly batchSize?: number;
  /** False: nobody wants to know how far the log was scanned without a match, so it need not be told. Default true. */
  readonly progress?: boolean;
  /**
   * False for an event that need not be handed over, by its data as it was stored: at the end of the log, where most of the time is
   * spent, it wakes this subscription as little as one of another type. Pages from further back may hold it all the same.
   */
  readonly concerns?: (event: RecordedEvent) => boolean;
}

/** What a subscription hands over: matching events in log order, and how far the log was scanned for them. */
export interface SubscriptionBatch extends AllSlice {
  /** True exactly once for each time that the subscription reaches the end of the log after having been behind. */
  readonly reachedHead: boolean;
}

/**
 * The append-only log. Every adapter passes `describeEventStore` in this package's contract suite.
 *
 * - E1 An append is atomic, checks the expected revision, and is idempotent by event id.
 * - E2 Readers of the whole log see every committed event exactly once, in one order, the same for all readers, and
 *   no event ever appears behind a position already read.
 *
 * Expected outcomes are returned; faults are thrown: `AppendTooLargeError` and `InvalidAppendError` are final,
 * `RetryableError` may be repeated with the same ids and the same expected revision. `LogBehindError` says that a position
 * lies beyond the end of the log, as after a restore: whoever reads from it must stop.
 */
export interface EventStore {
  append(stream: StreamRef, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendOutcome>;
  readStream(stream: StreamRef, options?: ReadStreamOptions): Promise<StreamSlice>;
  readAll(options: ReadAllOptions): Promise<AllSlice>;
  /**
   * Catch up, then follow. Yields a batch whenever there are matching events, when the head is reached, and at least
   * once a second while scanning without a match, so that checkpoints move. Ends when the signal aborts.
   */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch>;
  /** Position up to which reads are settled now; START for an empty log. */
  head(): Promise<Position>;
  /** The head was here when this process looked last, so the log reaches at least so far; left out by stores that keep no such note. */
  readonly reached?: Position;
  /**
   * Waits until every event that is committed by now can be read with `readAll`, and answers the position of the last of them.
   * The head alone may lie before one whose append has been answered: as long as another append that took its position
   * earlier is open.
   */
  settled(): Promise<Position>;
  /** A UUID that this log was given once, for ever: what was noted down against another log is recognised by it. */
  identity(): Promise<string>;
  /**
   * Hides the stream's events from stream reads; the next append continues its revisions. Idempotent. Answers like an empty append
   * to a stream without events: `appended`, -1, START.
   */
  deleteStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome>;
  /** Ends the stream for ever. Idempotent. Answers as `deleteStream` does. */
  tombstoneStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome>;
  /** For operators, of stores whose readers wait for open appends. Costs one small statement. */
  openAppends?(): Promise<OpenAppends>;
  close(): Promise<void>;
}

/** What appends that have not committed hold back. */
export interface OpenAppends {
  /** The last position given out. */
  readonly given: Position;
  /** The position up to which reads are settled. */
  readonly settled: Position;
  /** Age of the oldest one, by the store's clock; 0 when there is none. */
  readonly oldestSeconds: number;
}

/** Largest event (data and metadata as JSON) and largest append that every adapter takes, in bytes. */
export const MAX_EVENT_BYTES = 1_000_000;
export const MAX_APPEND_BYTES = 1_000_000;
/** Most events in one append. */
export const MAX_APPEND_EVENTS = 1_000;
