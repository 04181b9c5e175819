import { TransientSet } from '@runledger/kernel';
import { checkExpected, checkStream, toAppendRequest } from '../append-request.js';
import type {
  AllSlice,
  AppendOutcome,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  StreamRef,
  StreamSlice,
  SubscribeOptions,
  SubscriptionBatch,
} from '../port.js';
import { Appender } from './appender.js';
import { Connection } from './connection.js';
import { Echoes } from './echoes.js';
import { Ending } from './ending.js';
import { LogIdentity } from './log-identity.js';
import { LogReader } from './log-reader.js';
import { readFiltered, readSlice } from './slices.js';
import { Stories } from './stories.js';
import { subscription } from './subscription.js';
import { SharedPages } from './shared-pages.js';
import { Tail } from './tail.js';

export interface EventStoreDbStoreOptions {
  /**
   * `esdb://` or `esdb+discover://`, with user and password (percent-encoded) and the client's own settings, such as
   * `tlsCAFile`. With `?tls=false` the user may be left out.
   */
  readonly connectionString: string;
  /** Time for one attempt to append or delete; default 10,000. */
  readonly deadlineMs?: number;
  /** Time in which a read must bring at least one event or end; default 10,000. */
  readonly silenceMs?: number;
  /** How long a call is repeated that failed in passing, before its caller hears of it; default 5,000. */
  readonly retryForMs?: number;
  /** How long a subscription may be silent before the log is looked at; default 10,000. */
  readonly lookAgainMs?: number;
  /** Told about calls that failed and are repeated, and broken subscriptions. For logs; nothing is lost. */
  readonly onProblem?: (error: Error) => void;
}

/**
 * Opens the event store in EventStoreDB (21.10 or later) or KurrentDB. It is connected when first needed. Throws
 * `ConnectionStringError` for a string that cannot work.
 */
export function createEventStoreDbStore(options: EventStoreDbStoreOptions): EventStore {
  return new EventStoreDbStore(options);
}

class EventStoreDbStore implements EventStore {
  readonly #connection: Connection;
  readonly #reader: LogReader;
  readonly #appender: Appender;
  readonly #ending: Ending;
  readonly #identity: LogIdentity;
  readonly #writing = new TransientSet<Promise<unknown>>();
  readonly #onProblem: (error: Error) => void;
  readonly #shared: SharedPages;
  readonly #tail: Tail;
  readonly #stories: Stories;
  #closed: Promise<void> | undefined;

  constructor(options: EventStoreDbStoreOptions) {
    const { deadlineMs = 10_000, silenceMs = 10_000, retryForMs = 5_000, lookAgainMs = 10_000 } = options;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#connection = new Connection(options.connectionString, this.#onProblem);
    const { signal } = this.#connection.closing;
    const patience = { retryForMs, signal, onProblem: this.#onProblem };
    this.#reader = new LogReader(this.#connection, { silenceMs, patience });
    const echoes = new Echoes();
    this.#appender = new Appender(this.#connection, this.#reader, { deadlineMs, patience, echoes });
    this.#ending = new Ending(this.#connection, this.#reader, { deadlineMs, patience });
    const sources = { connection: this.#connection, reader: this.#reader, echoes, onProblem: this.#onProblem };
    this.#tail = new Tail({ ...sources, lookAgainMs }, signal);
    this.#shared = new SharedPages(this.#reader);
    this.#stories = new Stories({ reader: this.#shared, tail: this.#tail }, signal);
    this.#identity = new LogIdentity(this.#connection, this.#reader, { deadlineMs, patience });
  }

  async append(stream: StreamRef, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendOutcome> {
    const request = toAppendRequest(stream, events, expected);
    return this.#write(this.#appender.append(request));
  }

  async readStream(stream: StreamRef, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    checkStream(stream);
    return readSlice(this.#reader, stream, options);
  }

  readAll(options: ReadAllOptions): Promise<AllSlice> {
    return readFiltered(this.#pages(), options);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
    const signal = AbortSignal.any([options.signal, this.#connection.closing.signal]);
    return subscription({ ...this.#pages(), onProblem: this.#onProblem }, { ...options, signal });
  }

  head(): Promise<Position> {
    return this.#reader.head();
  }

  /** Events are committed in the order of their positions. */
  settled(): Promise<Position> {
    return this.#reader.head();
  }

  identity(): Promise<string> {
    return this.#identity.get();
  }

  deleteStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.#end(stream, expected, false);
  }

  tombstoneStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.#end(stream, expected, true);
  }

  /** Waits for the writes under way, however they end, and leaves no socket. */
  close(): Promise<void> {
    return (this.#closed ??= this.#finish());
  }

  #pages() {
    return { reader: this.#shared, tail: this.#tail, stories: this.#stories };
  }

  async #end(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Promise<AppendOutcome> {
    checkStream(stream);
    checkExpected(expected, stream);
    return this.#write(this.#ending.end({ stream, expected, forEver }));
  }

  async #write(writing: Promise<AppendOutcome>): Promise<AppendOutcome> {
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#writing);
    await this.#connection.close();
  }
}
