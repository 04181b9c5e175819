import { arrived, pause } from '@runledger/event-store';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { ConsumerLog } from '../consumer-log.js';
import { storeDirect } from '../distribution.js';
import { followLog } from '../follow-log.js';
import { DEFAULT_RETRY } from '../retry.js';
import { TopicAheadError } from './kafka-errors.js';
import { ForeignMessageError, fromMessage } from './cloud-event.js';
import type { RelayedEvent } from './cloud-event.js';
import { EventWindow } from './event-window.js';
import type { WindowLimits } from './event-window.js';
import { TopicReader } from './topic-reader.js';

export interface TopicFeedOptions {
  readonly topic: string;
  readonly log: ConsumerLog;
  readonly window: WindowLimits;
  readonly lookEveryMs: number;
  readonly silenceMs: number;
}

export interface TopicFeedParts {
  readonly store: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
  readonly kafka: Kafka;
}

/** Where events come from now, and what was done so far; counts are of this process. */
export interface TopicFeedStatus {
  readonly from: 'topic' | 'store';
  readonly position: Position;
  /** Events that the topic brought first. */
  readonly fromTopic: number;
  /** Events that came over the topic although they were there. */
  readonly repeated: number;
  /** Events that were missing in the topic and were read from the store. */
  readonly repaired: number;
  /** Events that were read from the store while the topic was down or late. */
  readonly fromStore: number;
  /** Messages that are no events. */
  readonly foreign: number;
  /** Consumers of the topic that were made. */
  readonly consumers: number;
}

/**
 * The newest stretch of the log for all subscribers of this process, read from the topic.
 * 1. An event is taken only when nothing is missing before it; what is missing is read from the store, never waited for.
 * 2. While the topic is down or late the store is followed instead, until the topic has shown that it is up to date.
 * 3. What comes again is dropped.
 */
export class TopicFeed {
  readonly window: EventWindow;
  readonly #counts = { fromTopic: 0, repeated: 0, repaired: 0, fromStore: 0, foreign: 0 };
  readonly #ending = new AbortController();
  readonly #reader: TopicReader;
  readonly #reading: Promise<unknown>;
  #from: 'topic' | 'store' = 'store';
  #storeSide = new AbortController();
  #following: Promise<unknown>;
  /** Where the window ended one look ago: a topic that has come so far is up to date. */
  #before: Position;
  #failure: Error | undefined;

  constructor(
    private readonly parts: TopicFeedParts,
    private readonly options: TopicFeedOptions,
    start: Position,
  ) {
    this.#before = start;
    this.window = new EventWindow(start, options.window);
    this.#reader = new TopicReader(parts.kafka, {
      topic: options.topic,
      log: options.log,
      silenceMs: options.silenceMs,
      onMessages: (messages, heartbeat) => this.#take(messages, heartbeat),
      onDown: () => this.#preferStore('the topic cannot be read'),
    });
    this.#following = this.#followStore(this.#storeSide.signal);
    this.#reading = Promise.all([this.#reader.run(this.#ending.signal), this.#look()]);
  }

  /** Why it has ended by itself: the store could not be followed. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  status(): TopicFeedStatus {
    return { from: this.#from, position: this.window.top, ...this.#counts, consumers: this.#reader.consumers };
  }

  async close(): Promise<void> {
    this.#end();
    await Promise.all([this.#reading, this.#following]);
  }

  #end(): void {
    this.#ending.abort();
    this.#storeSide.abort();
    this.window.wakeAll();
  }

  async #take(messages: readonly KafkaMessage[], heartbeat: () => Promise<void>): Promise<void> {
    let last: Position | undefined;
    for (const message of messages) {
      if (this.#ending.signal.aborted) return;
      const relayed = this.#decode(message);
      if (!relayed) continue;
      if (relayed.previous > this.window.top) await this.#repair(relayed.previous, heartbeat);
      this.#accept(relayed);
      if (relayed.event.position <= this.window.top) last = relayed.event.position;
    }
    if (last !== undefined && last >= this.#before) this.#preferTopic();
  }

  #decode(message: KafkaMessage): RelayedEvent | undefined {
    try {
      return fromMessage(message);
    } catch (error) {
      if (!(error instanceof ForeignMessageError)) throw error;
      this.#counts.foreign += 1;
      this.options.log.warn({ offset: message.offset, err: error }, 'a message of the topic was passed over');
      return undefined;
    }
  }

  /** An event with something missing before it is left to the store. */
  #accept({ event, previous, bytes }: RelayedEvent): void {
    const { top } = this.window;
    if (event.position <= top) this.#counts.repeated += 1;
    else if (previous <= top) {
      this.#counts.fromTopic += 1;
      arrived('off the topic', [event]);
      this.window.push(event, bytes);
    }
  }

  /** Reads what the topic left out. Does not throw: what cannot be read now is read by following the store. */
  async #repair(upTo: Position, heartbeat: () => Promise<void>): Promise<void> {
    try {
      while (this.window.top < upTo && !this.#ending.signal.aborted) {
        await this.#repairPage(upTo);
        await heartbeat();
      }
    } catch (error) {
      this.#preferStore('what the topic left out could not be read', error);
    }
  }

  async #repairPage(upTo: Position): Promise<void> {
    const page = await this.parts.store.readAll({ after: this.window.top });
    // While the store is followed, the topic is not known to lack anything: it is only read from its end on.
    const count = this.#from === 'topic' ? 'repaired' : 'fromStore';
    for (const event of page.events) if (event.position <= upTo) this.#pushFromStore(event, count);
    if (page.scannedTo >= upTo) this.window.passTo(upTo);
    else if (page.caughtUp) throw new TopicAheadError(upTo, page.scannedTo);
  }

  #pushFromStore(event: RecordedEvent, count: 'repaired' | 'fromStore'): void {
    if (event.position <= this.window.top) return;
    this.#counts[count] += 1;
    this.window.push(event, JSON.stringify(event.data ?? null).length);
  }

  async #followStore(signal: AbortSignal): Promise<void> {
    const { log } = this.options;
    const from = { after: this.window.top, consumer: 'topic feed', retry: DEFAULT_RETRY, log, signal };
    try {
      for await (const { events } of followLog(storeDirect(this.parts.store), from)) {
        for (const event of events) this.#pushFromStore(event, 'fromStore');
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#end();
    }
  }

  #preferTopic(): void {
    if (this.#from === 'topic') return;
    this.#from = 'topic';
    this.#storeSide.abort();
    this.options.log.info({ topic: this.options.topic }, 'events come from the topic');
  }

  #preferStore(why: string, error?: unknown): void {
    if (this.#from === 'store' || this.#ending.signal.aborted) return;
    this.#from = 'store';
    this.#storeSide = new AbortController();
    this.#following = Promise.all([this.#following, this.#followStore(this.#storeSide.signal)]);
    this.options.log.warn({ topic: this.options.topic, err: error }, `events come from the store: ${why}`);
  }

  /** Notices a topic that is late: an event that the store had one look ago has still not come. */
  async #look(): Promise<void> {
    let top = this.window.top;
    let awaited: Position | undefined;
    for (;;) {
      await pause(this.options.lookEveryMs, this.#ending.signal);
      if (this.#ending.signal.aborted) return;
      this.#before = top;
      top = this.window.top;
      if (awaited !== undefined && top < awaited) this.#preferStore('the topic is late');
      awaited = this.#from === 'topic' ? await this.#nextInStore() : undefined;
    }
  }

  async #nextInStore(): Promise<Position | undefined> {
    try {
      const { events } = await this.parts.store.readAll({ after: this.window.top, limit: 1 });
      return events[0]?.position;
    } catch (error) {
      this.options.log.warn({ err: error }, 'the store could not be asked whether the topic is late');
      return undefined;
    }
  }
}
