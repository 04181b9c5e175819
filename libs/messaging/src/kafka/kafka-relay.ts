import { arrived } from '@runledger/event-store';
import type { CheckpointLease, Checkpoints, EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { Partitioners } from 'kafkajs';
import type { Kafka, Producer } from 'kafkajs';
import { ConsumerProgress } from '../consumer-progress.js';
import { SILENT } from '../consumer-log.js';
import type { ConsumerLog } from '../consumer-log.js';
import { storeDirect } from '../distribution.js';
import { failureCode } from '../failure-code.js';
import { isFenced } from '../fencing.js';
import { followLog } from '../follow-log.js';
import type { ConsumerStatus, RunningConsumer } from '../reactor.js';
import { DEFAULT_RETRY, retrying } from '../retry.js';
import type { RetryPolicy } from '../retry.js';
import { RetryWarnings } from '../retry-warnings.js';
import { kafkaFault } from './kafka-errors.js';
import { messageBatches } from './message-batches.js';
import type { MessageBatch } from './message-batches.js';
import { prepareTopic } from './topic.js';
import type { TopicOptions } from './topic.js';

export interface KafkaRelayParts {
  readonly store: Pick<EventStore, 'subscribe'>;
  readonly checkpoints: Checkpoints;
  readonly kafka: Kafka;
}

export interface KafkaRelayOptions extends TopicOptions {
  /** Names this process in the checkpoints. */
  readonly owner: string;
  /** URI of the installation, the events' `source`; default `urn:runledger`. */
  readonly source?: string;
  /** Left out: what may go away by itself is tried for ever, the rest five times. */
  readonly retry?: Partial<RetryPolicy>;
  readonly logger?: ConsumerLog;
  /** Most events in one message batch; default 500. */
  readonly batchSize?: number;
}

/** Brokers may be away for hours. */
const TELL_EVERY_MS = 60_000;

/**
 * Batches that are sent, at most, while one checkpoint is written. Twice as many are sent again by the next relay when this one dies,
 * at most, or are still sent by one that was fenced off.
 */
const MOST_UNCOVERED = 16;

/**
 * Brings the log to a topic, in log order.
 * 1. The checkpoint moves only after all in-sync replicas have the events, so a crash repeats events and loses none.
 * 2. One batch is under way at a time, so order holds without help of the brokers. Checkpoints are written beside that, each for all
 *    that was sent by then, so that events wait for the brokers only; a bounded number of batches is without one.
 * 3. Who starts a relay fences off the one before (R3). That one may still send as many: readers drop what is not newer than
 *    what they have.
 */
export class KafkaRelay implements RunningConsumer {
  readonly name: string;
  readonly #ending = new AbortController();
  readonly #progress: ConsumerProgress;
  readonly #producer: Producer;
  readonly #retry: RetryPolicy;
  readonly #log: ConsumerLog;
  readonly #warnings: RetryWarnings;
  readonly #ended: Promise<void>;
  #lease: CheckpointLease;
  /** What the brokers have. */
  #sent: Position;
  /** Batches of that which no checkpoint covers. */
  #uncovered = 0;
  #isCovering = false;
  #covering: Promise<void> = Promise.resolve();

  private constructor(
    lease: CheckpointLease,
    private readonly parts: KafkaRelayParts,
    private readonly options: KafkaRelayOptions,
  ) {
    this.name = lease.consumer;
    this.#lease = lease;
    this.#sent = lease.position;
    this.#retry = policyOf(options);
    this.#log = options.logger ?? SILENT;
    this.#warnings = new RetryWarnings(this.#log, this.name, { everyMs: TELL_EVERY_MS });
    this.#progress = new ConsumerProgress(this.name, lease.position);
    this.#producer = parts.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
    });
    this.#ended = this.#run();
  }

  /** Takes the relay of this topic over from whoever ran it. Does not wait for Kafka. */
  static async start(parts: KafkaRelayParts, options: KafkaRelayOptions): Promise<KafkaRelay> {
    const acquire = () => parts.checkpoints.acquire(`relay/${options.topic}`, 1, options.owner);
    const signal = new AbortController().signal;
    const lease = await retrying(acquire, { policy: { ...DEFAULT_RETRY, ...options.retry }, signal });
    return new KafkaRelay(lease, parts, options);
  }

  status(): ConsumerStatus {
    return this.#progress.status();
  }

  /** Resolves when the topic has every event at or before `position`. */
  reached(position: Position): Promise<void> {
    return this.#progress.reached(position);
  }

  /** Takes no further batch; the one under way is finished, or given up when Kafka is away. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
    this.#progress.stop('asked');
  }

  async #run(): Promise<void> {
    try {
      await this.#patiently('connecting to Kafka', () => this.#connect());
      await this.#follow();
      await this.#covering;
    } catch (error) {
      this.#fail(error);
    }
    await this.#producer.disconnect().catch((error: unknown) => {
      this.#log.warn({ consumer: this.name, err: error }, 'the relay could not say goodbye to Kafka');
    });
  }

  async #connect(): Promise<void> {
    await prepareTopic(this.parts.kafka, this.options);
    await this.#producer.connect();
  }

  async #follow(): Promise<void> {
    const deliveries = followLog(storeDirect(this.parts.store), {
      after: this.#lease.position,
      signal: this.#ending.signal,
      consumer: this.name,
      retry: this.#retry,
      log: this.#log,
      batchSize: this.options.batchSize ?? 500,
    });
    for await (const { events, caughtUp } of deliveries) {
      await this.#relay(events);
      this.#progress.enter(caughtUp ? 'live' : 'catching-up');
    }
  }

  async #relay(events: readonly RecordedEvent[]): Promise<void> {
    const source = this.options.source ?? 'urn:runledger';
    for (const batch of messageBatches(events, this.#sent, source)) {
      if (this.#ending.signal.aborted) return;
      await this.#deliver(batch);
      this.#sent = batch.last;
      this.#uncovered += 1;
      // Its failure ends the relay although nothing may come for a long time.
      if (!this.#isCovering) this.#covering = this.#cover().catch((error: unknown) => this.#fail(error));
      if (this.#uncovered >= MOST_UNCOVERED) await this.#covering;
    }
    arrived('relayed', events);
  }

  /** A topic that was removed is made again; readers have what it held from the store. */
  async #deliver(batch: MessageBatch): Promise<void> {
    let failed = false;
    await this.#patiently('sending to Kafka', async () => {
      if (failed) await prepareTopic(this.parts.kafka, this.options);
      failed = true;
      await this.#send(batch);
    });
  }

  async #send({ messages }: MessageBatch): Promise<void> {
    const sent = messages.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } }));
    await this.#producer.send({ topic: this.options.topic, acks: -1, messages: sent });
  }

  /** Until all that was sent has its checkpoint. */
  async #cover(): Promise<void> {
    this.#isCovering = true;
    try {
      while (this.#sent > this.#progress.status().position) {
        this.#uncovered = 0;
        await this.#checkpoint(this.#sent);
      }
    } finally {
      this.#isCovering = false;
    }
  }

  async #checkpoint(position: Position): Promise<void> {
    let failed = false;
    await this.#patiently('the checkpoint of the relay', async () => {
      if (failed) await this.#resync();
      failed = true;
      if (position > this.#lease.position) this.#lease = await this.parts.checkpoints.advance(this.#lease, position);
    });
    this.#progress.moveTo(position);
  }

  /** The write before may have succeeded although its answer was lost; the next one must start from there. */
  async #resync(): Promise<void> {
    const stored = await this.parts.checkpoints.read(this.#lease.consumer, this.#lease.version);
    if (stored !== undefined && stored > this.#lease.position) this.#lease = { ...this.#lease, position: stored };
  }

  async #patiently(doing: string, work: () => Promise<void>): Promise<void> {
    const attempt = () =>
      work().catch((error: unknown) => {
        throw kafkaFault(error);
      });
    const onRetry = this.#warnings.of(doing);
    await retrying(attempt, { policy: this.#retry, signal: this.#ending.signal, onRetry });
    this.#warnings.over(doing);
  }

  #fail(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    const position = this.#lease.position;
    if (isFenced(error)) {
      this.#progress.stop('fenced');
      this.#log.warn({ consumer: this.name, position }, 'the relay stopped: another owner has taken it over');
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#progress.fail({ position, eventType: '-', code: failureCode(error), message });
    this.#log.error({ consumer: this.name, position, err: error }, 'the relay stopped behind this position');
  }
}

function policyOf({ retry }: KafkaRelayOptions): RetryPolicy {
  return { ...DEFAULT_RETRY, retryableAttempts: Infinity, ...retry };
}
