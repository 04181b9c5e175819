import { checkExpected, checkStream, toAppendRequest } from '../append-request.js';
import type {
  AllSlice,
  AppendOutcome,
  EventStore,
  ExpectedRevision,
  NewEvent,
  OpenAppends,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamRef,
  StreamSlice,
  SubscribeOptions,
  SubscriptionBatch,
} from '../port.js';
import type { AppendRequest } from '../append-request.js';
import { Appender } from './appender.js';
import type { Flown, Landing } from './appender.js';
import { ChannelSignal } from './channel-signal.js';
import { Closing } from './closing.js';
import { Flights } from './flights.js';
import type { FlightLimits } from './flights.js';
import { LogReader } from './log-reader.js';
import { Loopback } from './loopback.js';
import { checkedSchema } from './migrate.js';
import { openAppends } from './open-appends.js';
import { connectionConfig } from './session.js';
import type { ConnectionOptions } from './session.js';
import { Sessions } from './sessions.js';
import { settledEnd } from './settled-end.js';
import { subscription } from './subscription.js';
import { Tail } from './tail.js';

export interface PostgresEventStoreOptions extends ConnectionOptions {
  /** Schema that `migrateEventStore` made; default `runledger`. */
  readonly schema?: string;
  /** Appends wait for each other's commit. Slow; an oracle for tests, and a way out where advisory locks misbehave. */
  readonly serialize?: boolean;
  /** How appends share transactions; `appends: 1` gives each its own. */
  readonly flights?: Partial<FlightLimits>;
  /** How soon subscriptions look at the log when no notice of an append has come, in ms; default 250, growing to 1,000 while nothing comes. */
  readonly lookAgainMs?: number;
  /** Told about broken connections that are being made again. For logs; nothing is lost. */
  readonly onProblem?: (error: Error) => void;
}

const FLIGHTS: FlightLimits = { flights: 4, appends: 64, bytes: 1_000_000 };

/** A filtered read gives back what it has after this time, so that it ends however rare the matches are. */
const LONGEST_READ_MS = 1_000;

/** Opens the event store in a database that `migrateEventStore` prepared. Connections are made when first needed. */
export function createPostgresEventStore(options: PostgresEventStoreOptions): EventStore {
  return new PostgresEventStore(options);
}

class PostgresEventStore implements EventStore {
  readonly #sessions: Sessions;
  readonly #schema: string;
  readonly #appender: Appender;
  readonly #loopback = new Loopback();
  readonly #flights: Flights;
  readonly #reader: LogReader;
  readonly #tail: Tail;
  readonly #signal: ChannelSignal;
  readonly #closing = new Closing();
  readonly #onProblem: (error: Error) => void;
  #closed: Promise<void> | undefined;

  constructor(options: PostgresEventStoreOptions) {
    const schema = checkedSchema(options.schema);
    this.#schema = schema;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#sessions = new Sessions(options, this.#onProblem);
    this.#appender = new Appender(this.#sessions, { schema, serialize: options.serialize ?? false });
    this.#flights = new Flights(requests => this.#fly(requests), { ...FLIGHTS, ...options.flights });
    this.#reader = new LogReader(this.#sessions, schema);
    this.#tail = new Tail(this.#reader, this.#loopback, this.#onProblem, options.lookAgainMs);
    this.#signal = new ChannelSignal(connectionConfig(options), `${schema}_head`, {
      onNews: () => this.#tail.wake(),
      onProblem: this.#onProblem,
    });
  }

  async append(stream: StreamRef, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendOutcome> {
    const outcome = await this.#flights.append(toAppendRequest(stream, events, expected));
    if (outcome.status === 'appended' && events.length > 0) this.#signal.announce();
    return outcome;
  }

  async readStream(stream: StreamRef, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    checkStream(stream);
    return this.#reader.stream(stream, options);
  }

  async readAll({ after, limit = 500, ...filter }: ReadAllOptions): Promise<AllSlice> {
    const events: RecordedEvent[] = [];
    const started = performance.now();
    let scannedTo = after;
    let caughtUp = false;
    while (events.length < limit && !caughtUp && performance.now() - started < LONGEST_READ_MS) {
      const page = await this.#reader.page({ ...filter, after: scannedTo, limit: limit - events.length });
      events.push(...page.events);
      scannedTo = page.scannedTo;
      caughtUp = page.atHead;
    }
    return { events, scannedTo, caughtUp };
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
    this.#signal.listen();
    const sources = { reader: this.#reader, tail: this.#tail, onProblem: this.#onProblem, closing: this.#closing };
    return subscription(sources, options);
  }

  get reached(): Position {
    return this.#reader.reached;
  }

  head(): Promise<Position> {
    return this.#reader.head();
  }

  async settled(): Promise<Position> {
    const end = await settledEnd(this.#sessions, this.#schema, this.#closing.signal);
    // Single answers of the head may lie before it, even now.
    this.#reader.settledUpTo(end);
    return end;
  }

  openAppends(): Promise<OpenAppends> {
    return openAppends(this.#sessions, this.#schema);
  }

  identity(): Promise<string> {
    return this.#reader.identity();
  }

  deleteStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.#endStream(stream, expected, false);
  }

  tombstoneStream(stream: StreamRef, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.#endStream(stream, expected, true);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#closing.close();
    await this.#flights.idle();
    await this.#signal.close();
    await this.#sessions.close();
  }

  async #fly(requests: readonly AppendRequest[]): Promise<readonly Landing[]> {
    const flight = this.#loopback.depart();
    let flown: Flown | undefined;
    try {
      flown = await this.#appender.fly(requests);
      return flown.landings;
    } finally {
      this.#loopback.land(flight, flown?.stored ?? []);
      // What was judged alone, or is uncertain, is not in hand: then only the log can tell.
      if (flown && flown.stored.length === requests.length) this.#tail.growByOwn();
      else this.#tail.wake();
    }
  }

  async #endStream(stream: StreamRef, expected: ExpectedRevision, forEver: boolean): Promise<AppendOutcome> {
    checkStream(stream);
    checkExpected(expected, stream);
    return this.#appender.end(stream, expected, forEver);
  }
}
