import { pause } from '@runledger/event-store';
import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { ConsumerLog } from '../consumer-log.js';
import { RetryWarnings } from '../retry-warnings.js';
import { isStarting, isTopicMissing, kafkaFault } from './kafka-errors.js';

export interface TopicReaderOptions {
  readonly topic: string;
  readonly log: ConsumerLog;
  /** Called with one batch after the other; `heartbeat` is to be called when it takes long. */
  onMessages(messages: readonly KafkaMessage[], heartbeat: () => Promise<void>): Promise<void>;
  /** Nothing comes from the topic until further notice. */
  onDown(): void;
  /** A consumer that asks the brokers for nothing for so long is taken for dead. */
  readonly silenceMs: number;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
const FETCH_WAIT_MS = 500;
const GOODBYE_MS = 5_000;

/** Brokers may be away for hours, in which the store is followed instead. */
const TELL_EVERY_MS = 60_000;
const READING = 'reading the topic';

/**
 * Reads the topic from its end on, and goes on where it was after each failure. The client gives up after some failures, and
 * after others stops without a word; therefore each of its consumers is watched, and replaced by a fresh one when it ends.
 *
 * Each has a group of its own, in which nothing is committed: the place in the topic is kept here, and the place that counts
 * is the readers' checkpoint in the store. So no rebalance can happen, and a consumer that lives on by a defect disturbs nobody.
 */
export class TopicReader {
  #next: bigint | undefined;
  #consumers = 0;
  readonly #warnings: RetryWarnings;
  /** What is waited for, as it was told; undefined while the topic is read or cannot be. */
  #awaited: string | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly options: TopicReaderOptions,
  ) {
    this.#warnings = new RetryWarnings(options.log, `reader of ${options.topic}`, { everyMs: TELL_EVERY_MS });
  }

  /** How often a consumer was made. */
  get consumers(): number {
    return this.#consumers;
  }

  /** Ends when the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const began = performance.now();
      const reason = await this.#runOne(signal);
      if (signal.aborted) return;
      this.options.onDown();
      failures = performance.now() - began > LONGEST_DELAY_MS ? 1 : failures + 1;
      this.#tell(reason);
      await pause(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)), signal);
    }
  }

  /** Of what comes by itself once; of failures once, now and then while they last, and once when they are over. */
  #tell(reason: Error | undefined): void {
    const { topic, log } = this.options;
    const awaited = awaitedIn(reason);
    if (awaited === undefined) this.#warnings.of(READING)(reason ?? new Error('The consumer ended.'));
    else if (awaited !== this.#awaited) log.info({ topic }, awaited);
    this.#awaited = awaited;
  }

  #tellOfFetch(): void {
    this.#awaited = undefined;
    this.#warnings.over(READING);
  }

  /** One consumer's life; answers what ended it. */
  async #runOne(signal: AbortSignal): Promise<Error | undefined> {
    this.#consumers += 1;
    const life = new AbortController();
    const end = () => life.abort();
    signal.addEventListener('abort', end);
    const consumer = this.#consumer();
    try {
      return await this.#consume(consumer, life);
    } catch (error) {
      return kafkaFault(error);
    } finally {
      life.abort();
      signal.removeEventListener('abort', end);
      await this.#sayGoodbye(consumer);
    }
  }

  #consumer(): Consumer {
    return this.kafka.consumer({
      groupId: `runledger-reader-${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      retry: { retries: 2, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async #consume(consumer: Consumer, life: AbortController): Promise<Error | undefined> {
    let crash: Error | undefined;
    let lastFetch = performance.now();
    consumer.on(consumer.events.FETCH, () => {
      lastFetch = performance.now();
      this.#tellOfFetch();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      crash = kafkaFault(payload.error);
      life.abort();
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [this.options.topic], fromBeginning: false });
    await consumer.run({ autoCommit: false, eachBatch: payload => this.#take(payload, life.signal) });
    this.#resume(consumer);
    const { silenceMs } = this.options;
    while (!life.signal.aborted && performance.now() - lastFetch < silenceMs) await pause(silenceMs / 10, life.signal);
    return crash ?? (life.signal.aborted ? undefined : new Error(`The consumer was silent for ${silenceMs} ms.`));
  }

  /** Behind the retention the client goes to the end instead; the hole is seen and read from the store. */
  #resume(consumer: Consumer): void {
    if (this.#next === undefined) return;
    consumer.seek({ topic: this.options.topic, partition: 0, offset: String(this.#next) });
  }

  async #take(payload: EachBatchPayload, life: AbortSignal): Promise<void> {
    if (life.aborted) return;
    await this.options.onMessages(payload.batch.messages, () => payload.heartbeat());
    this.#next = BigInt(payload.batch.lastOffset()) + 1n;
  }

  /** The client may wait for ever for answers that do not come. */
  async #sayGoodbye(consumer: Consumer): Promise<void> {
    const waiting = new AbortController();
    const goodbye = consumer.disconnect().catch(this.#warnings.of('the goodbye of a consumer of the topic'));
    await Promise.race([goodbye, pause(GOODBYE_MS, waiting.signal)]);
    waiting.abort();
  }
}

/** What passes by itself at a start, in words; undefined for a failure. */
function awaitedIn(reason: Error | undefined): string | undefined {
  if (isTopicMissing(reason)) return 'the topic is not there yet; it is looked for again';
  return isStarting(reason) ? 'Kafka is about to begin its work; it is asked again' : undefined;
}
