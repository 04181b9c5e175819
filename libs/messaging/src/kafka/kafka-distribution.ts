import { followerMatcher } from '@runledger/event-store';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import type { Kafka } from 'kafkajs';
import { SILENT } from '../consumer-log.js';
import type { ConsumerLog } from '../consumer-log.js';
import type { Delivery, Distribution, FollowOptions } from '../distribution.js';
import type { EventWindow, WindowPage } from './event-window.js';
import { TopicFeed } from './topic-feed.js';
import type { TopicFeedStatus } from './topic-feed.js';

export interface KafkaDistributionParts {
  readonly kafka: Kafka;
  /** The truth: for what is older than the window, for holes, and while Kafka is away. */
  readonly store: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
}

export interface KafkaDistributionOptions {
  /** What the relay writes to. */
  readonly topic: string;
  readonly logger?: ConsumerLog;
  /** Newest events that are kept for all subscribers of this process; default 10,000. */
  readonly windowEvents?: number;
  /** Most bytes of their data; default 32 MiB. */
  readonly windowBytes?: number;
  /** How often the store is asked whether the topic is late; default 1,000. */
  readonly lookEveryMs?: number;
  /** A consumer that asks the brokers for nothing for so long is replaced; default 30,000. */
  readonly silenceMs?: number;
}

/** Progress without a match is told at least each second: who sleeps is woken for it twice as often. */
const PROGRESS_MS = 500;

/** Reads the log over Kafka; the order and completeness are those of the store. Close it at the end. */
export interface KafkaDistribution extends Distribution {
  /** Undefined before the first subscription. */
  status(): TopicFeedStatus | undefined;
  close(): Promise<void>;
}

export function kafkaDistribution(parts: KafkaDistributionParts, options: KafkaDistributionOptions): KafkaDistribution {
  const feeds = new SharedFeed(parts, options);
  return {
    subscribe: follow => subscription(parts, feeds, follow),
    status: () => feeds.status(),
    close: () => feeds.close(),
  };
}

/** One feed for all subscribers of this process, begun by the first; one that has failed is replaced. */
class SharedFeed {
  #feed: TopicFeed | undefined;
  #opening: Promise<TopicFeed> | undefined;
  #closed = false;

  constructor(
    private readonly parts: KafkaDistributionParts,
    private readonly options: KafkaDistributionOptions,
  ) {}

  status(): TopicFeedStatus | undefined {
    return this.#feed?.status();
  }

  async get(): Promise<TopicFeed> {
    if (this.#closed) throw new TypeError('This distribution is closed; subscribers must end before it.');
    if (this.#feed && !this.#feed.failure) return this.#feed;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined); // whoever opens is told
    await this.#feed?.close();
  }

  async #open(): Promise<TopicFeed> {
    const { topic, logger = SILENT, windowEvents = 10_000, windowBytes = 32 * 1_024 * 1_024 } = this.options;
    const { lookEveryMs = 1_000, silenceMs = 30_000 } = this.options;
    const settings = { topic, log: logger, lookEveryMs, silenceMs };
    await this.#feed?.close();
    const start = await this.parts.store.head();
    const window = { events: windowEvents, bytes: windowBytes };
    this.#feed = new TopicFeed(this.parts, { ...settings, window }, start);
    return this.#feed;
  }
}

/**
 * Follows the log from `after`: from the window where it reaches, by pages of the store where it does not. One cursor goes
 * through both, so changing over neither misses nor repeats (E2).
 */
async function* subscription(
  parts: KafkaDistributionParts,
  feeds: SharedFeed,
  options: FollowOptions,
): AsyncGenerator<Delivery, void, undefined> {
  const { signal } = options;
  const feed = await feeds.get();
  const { window } = feed;
  const matches = followerMatcher(options);
  const next = nextPage(parts, window, options, matches);
  let cursor = options.after;
  let told = { position: cursor, at: performance.now() };
  let live = false;
  const follower = window.follow({ ...options, matches });
  const wake = () => follower.wake();
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      if (feed.failure) throw feed.failure;
      const seen = window.version;
      const answer = next(cursor);
      const page = answer instanceof Promise ? await answer : answer;
      if (signal.aborted) return;
      follower.moveTo((cursor = page.scannedTo));
      const reachedHead = page.atTop && !live;
      live = page.atTop;
      const quietMs = performance.now() - told.at;
      if (page.events.length > 0 || reachedHead || (cursor > told.position && quietMs >= PROGRESS_MS)) {
        yield { events: page.events, scannedTo: cursor, caughtUp: page.atTop };
        told = { position: cursor, at: performance.now() };
      } else if (page.atTop) {
        await follower.next(seen, cursor > told.position);
        cursor = follower.position;
      }
    }
  } finally {
    signal.removeEventListener('abort', wake);
    window.unfollow(follower);
  }
}

/** The first page of a position beyond the window comes from the store: it may be ahead of the topic, or behind the position. */
function nextPage(
  { store }: KafkaDistributionParts,
  window: EventWindow,
  options: FollowOptions,
  matches: (event: RecordedEvent) => boolean,
) {
  const { after: _start, signal: _signal, batchSize: limit = 500, ...filter } = options;
  let known = options.after <= window.top;
  const pageOf = async (after: Position): Promise<WindowPage> => {
    const page = await store.readAll({ ...filter, after, limit });
    known = true;
    return { events: page.events, scannedTo: page.scannedTo, atTop: page.caughtUp };
  };
  return (after: Position) => (known ? window.read(after, limit, matches) : undefined) ?? pageOf(after);
}
