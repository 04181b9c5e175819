import type { Admin, Kafka } from 'kafkajs';
import { TopicPartitionsError } from './kafka-errors.js';

export interface TopicOptions {
  /** It must have exactly one partition; made when it does not exist. */
  readonly topic: string;
  /** Copies of each event when the topic is made; default 1. */
  readonly replicationFactor?: number;
  /** How long events stay when the topic is made; default seven days. */
  readonly retentionMs?: number;
}

const WEEK_MS = 7 * 24 * 3_600_000;
/** The largest event with its headers needs more room than a broker grants by itself. */
const LARGEST_BATCH_BYTES = 2 * 1_024 * 1_024;

/** Makes the topic when there is none, and checks its shape. */
export async function prepareTopic(kafka: Kafka, options: TopicOptions): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    if (!(await admin.listTopics()).includes(options.topic)) await make(admin, options);
    const { topics } = await admin.fetchTopicMetadata({ topics: [options.topic] });
    const partitions = topics[0]?.partitions.length ?? 0;
    if (partitions !== 1) throw new TopicPartitionsError(options.topic, partitions);
  } finally {
    await admin.disconnect();
  }
}

async function make(admin: Admin, { topic, replicationFactor = 1, retentionMs = WEEK_MS }: TopicOptions) {
  const configEntries = [
    { name: 'retention.ms', value: String(retentionMs) },
    { name: 'max.message.bytes', value: String(LARGEST_BATCH_BYTES) },
  ];
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor, configEntries }] });
}
