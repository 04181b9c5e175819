import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { Checkpoints, EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import type { Kafka, KafkaMessage } from 'kafkajs';
import pg from 'pg';
import { ReactorHost } from '../reactor-host.js';
import type { RunningConsumer } from '../reactor.js';
import { kafkaClient } from './kafka-client.js';
import { kafkaDistribution } from './kafka-distribution.js';
import type { KafkaDistribution, KafkaDistributionOptions, KafkaDistributionParts } from './kafka-distribution.js';
import { KafkaRelay } from './kafka-relay.js';
import type { KafkaRelayOptions } from './kafka-relay.js';
import { RelayOnDuty } from './relay-on-duty.js';

const anything = { parse: (input: unknown) => input };
export const catalogue = new EventCatalogue(
  ['Told', 'Noise'].map(type => defineEvent({ type, version: 1, schema: anything })),
);

/** A PostgreSQL log, a topic of its own, and whatever stands on the two. */
export class KafkaWorld {
  readonly topic = `log-${newUuid()}`;
  readonly #endings: (() => Promise<unknown>)[] = [];
  #written = 0;

  private constructor(
    readonly store: EventStore,
    readonly pool: pg.Pool,
    readonly kafka: Kafka,
  ) {}

  static async open(brokers: readonly string[]): Promise<KafkaWorld> {
    const database = await logDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 6 });
    const store = createPostgresEventStore({ connectionString: database.url });
    const world = new KafkaWorld(store, pool, kafkaClient({ brokers }));
    world.#endings.push(
      () => database.drop(),
      () => pool.end(),
      () => store.close(),
    );
    return world;
  }

  /** Ends everything, the newest first. */
  async close(): Promise<void> {
    for (const end of this.#endings.reverse()) await end();
  }

  async relay(
    more: Partial<KafkaRelayOptions> = {},
    checkpoints: Checkpoints = this.checkpoints(),
  ): Promise<KafkaRelay> {
    const options = { topic: this.topic, owner: `relay-${newUuid()}`, ...more };
    const relay = await KafkaRelay.start({ store: this.store, checkpoints, kafka: this.kafka }, options);
    this.#endings.push(() => relay.stop());
    return relay;
  }

  /** A relay that takes over from another one that stands still. */
  async relayOnDuty(): Promise<RelayOnDuty> {
    const options = { topic: this.topic, owner: `relay-${newUuid()}`, takeOverAfterMs: 300 };
    const parts = { store: this.store, checkpoints: this.checkpoints(), kafka: this.kafka };
    const relay = await RelayOnDuty.start(parts, options);
    this.#endings.push(() => relay.stop());
    return relay;
  }

  checkpoints(): PostgresCheckpoints {
    return new PostgresCheckpoints(this.pool);
  }

  distribution(
    more: Partial<KafkaDistributionOptions> = {},
    kafka = this.kafka,
    store: KafkaDistributionParts['store'] = this.store,
  ): KafkaDistribution {
    const distribution = kafkaDistribution({ kafka, store }, { topic: this.topic, ...more });
    this.#endings.push(() => distribution.close());
    return distribution;
  }

  /** A reactor that writes down what it was told, one event after the other. */
  async listener(name: string, source: KafkaDistribution, types: readonly string[] = ['Told']): Promise<Listener> {
    const heard: RecordedEvent[] = [];
    const host = new ReactorHost(source, this.checkpoints(), catalogue, { owner: newUuid(), checkpointEveryMs: 20 });
    const react = (event: RecordedEvent) => Promise.resolve(void heard.push(event));
    const consumer = await host.start({ name, types, react, partitionBy: () => 'all runs' });
    this.#endings.push(() => host.stop());
    return { heard, consumer };
  }

  /** Appends one event to each of the runs, side by side; answers the last position. */
  async tell(runs: readonly string[], type = 'Told', text = ''): Promise<Position> {
    const positions = await Promise.all(runs.map(run => this.#append(run, type, text)));
    return positions.reduce((last, position) => (position > last ? position : last));
  }

  /** The whole log, from the truth. */
  async log(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let after = 0n; ;) {
      const page = await this.store.readAll({ after });
      events.push(...page.events);
      if (page.caughtUp) return events;
      after = page.scannedTo;
    }
  }

  /** Tells on until events come over the topic. */
  async untilOverTopic(distribution: KafkaDistribution): Promise<void> {
    let last: Position = 0n;
    await eventually(async () => {
      last = await this.tell(['run_0']);
      return distribution.status()?.from === 'topic';
    }, 60_000);
    await eventually(() => (distribution.status()?.position ?? 0n) >= last);
  }

  /** All that the topic holds, in its order, as somebody without Runledger's code reads it. */
  async topicContents(): Promise<KafkaMessage[]> {
    const admin = this.kafka.admin();
    await admin.connect();
    const [offsets] = await admin.fetchTopicOffsets(this.topic).finally(() => admin.disconnect());
    const consumer = this.kafka.consumer({ groupId: newUuid(), maxWaitTimeInMs: 100 });
    const messages: KafkaMessage[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
    const count = Number(offsets?.high) - Number(offsets?.low);
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ message }: { message: KafkaMessage }) => {
        messages.push(message);
        if (messages.length === count) resolve();
        return Promise.resolve();
      };
      consumer.run({ eachMessage, autoCommit: false }).catch(reject);
    }).finally(() => consumer.disconnect());
    return messages;
  }

  async #append(run: string, type: string, text: string): Promise<Position> {
    const id = newUuid();
    const metadata = {
      correlationId: run,
      causationId: id,
      actor: { kind: 'system' as const, id: 'spec', name: 'Žofie' },
      workspaceId: 'ws_1',
      occurredAt: '2026-01-01T00:00:00.000Z',
      schemaVersion: 1,
    };
    this.#written += 1;
    const event = { id, type, data: { no: this.#written, text }, metadata };
    const outcome = await this.store.append({ tenant: 'ws_1', name: `run-${run}` }, [event], 'any');
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.position;
  }
}

export interface Listener {
  readonly heard: RecordedEvent[];
  readonly consumer: RunningConsumer;
}
