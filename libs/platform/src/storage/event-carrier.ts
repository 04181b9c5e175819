import { readFile } from 'node:fs/promises';
import type { Checkpoints, EventStore } from '@runledger/event-store';
import { storeDirect } from '@runledger/messaging';
import type { ConsumerLog, Distribution, RunningConsumer } from '@runledger/messaging';
import { kafkaClient, kafkaDistribution, RelayOnDuty } from '@runledger/messaging/kafka';
import type { KafkaConnection, KafkaDistribution } from '@runledger/messaging/kafka';
import type { CheckResult } from '../health/readiness.js';
import { KafkaCertificatesError } from './storage-errors.js';
import type { KafkaConfig, StorageConfig } from './storage.config.js';

/** What brings events from the log to those who follow it. */
export interface EventCarrier {
  readonly distribution: Distribution;
  /** For health; undefined when there is nothing between the store and its readers. */
  readonly check: (() => CheckResult) | undefined;
  /** For people; without secrets. */
  readonly place: string;
  /** Answers undefined when the store's readers need no relay. */
  startRelay(relay: RelayParts): Promise<RunningConsumer | undefined>;
  /** After all who follow have ended. Ends the relay as well. */
  close(): Promise<void>;
}

export interface RelayParts {
  readonly checkpoints: Checkpoints;
  /** Names this process in the checkpoints. */
  readonly owner: string;
}

export async function openEventCarrier(
  config: StorageConfig['distribution'],
  store: EventStore,
  log: ConsumerLog,
): Promise<EventCarrier> {
  switch (config.kind) {
    case 'store-direct':
      return {
        distribution: storeDirect(store),
        check: undefined,
        place: 'read from the store',
        startRelay: () => Promise.resolve(undefined),
        close: () => Promise.resolve(),
      };
    case 'kafka':
      return new KafkaCarrier(config, {
        store,
        log,
        kafka: kafkaClient({ ...(await connectionTo(config)), logger: log }),
      });
  }
}

interface KafkaParts {
  readonly store: EventStore;
  readonly log: ConsumerLog;
  readonly kafka: ReturnType<typeof kafkaClient>;
}

/** Without Kafka everything goes on, only at the store's cost: that is worth saying, and no reason to take requests away. */
class KafkaCarrier implements EventCarrier {
  readonly distribution: KafkaDistribution;
  readonly place: string;
  #relay: RunningConsumer | undefined;

  constructor(
    private readonly config: KafkaConfig,
    private readonly parts: KafkaParts,
  ) {
    const { kafka, store, log } = parts;
    this.distribution = kafkaDistribution({ kafka, store }, { topic: config.topic, logger: log });
    this.place = `brought by Kafka (topic ${config.topic})`;
  }

  readonly check = (): CheckResult => {
    const { topic } = this.config;
    const fault = this.#relay?.status().fault;
    const troubles = [
      ...(fault ? [`The relay to the topic ${topic} has stopped: ${fault.message}`] : []),
      ...(this.distribution.status()?.from === 'store'
        ? [`The topic ${topic} is away or late, so events are read from the store.`]
        : []),
    ];
    return troubles.length === 0 ? { ok: true } : { ok: true, message: `Degraded: ${troubles.join(' ')}` };
  };

  async startRelay({ checkpoints, owner }: RelayParts): Promise<RunningConsumer> {
    const { kafka, store, log } = this.parts;
    const { topic, replicationFactor } = this.config;
    const options = { topic, replicationFactor, owner, logger: log };
    return (this.#relay = await RelayOnDuty.start({ store, checkpoints, kafka }, options));
  }

  async close(): Promise<void> {
    await this.#relay?.stop();
    await this.distribution.close();
  }
}

async function connectionTo({ brokers, tls, sasl }: KafkaConfig): Promise<KafkaConnection> {
  return {
    brokers,
    ...(tls === undefined ? {} : { ssl: tls.caFile === undefined ? true : { ca: [await certificates(tls.caFile)] } }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

async function certificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new KafkaCertificatesError(path, error as Error);
  }
}
