import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig, LogEntry, SASLOptions } from 'kafkajs';
import { LRUCache } from 'lru-cache';
import { SILENT } from '../consumer-log.js';
import type { ConsumerLog } from '../consumer-log.js';
import { repairPauses } from './client-repairs.js';

/** Who we are to the brokers. */
export interface KafkaUser {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaConnection {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** Names this program in the brokers' logs. */
  readonly clientId?: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaUser;
  readonly logger?: ConsumerLog;
}

/** The client's own defaults give up after one second, which a TLS handshake under load takes. */
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const TELL_EVERY_MS = 60_000;

/** Connects to nothing yet. Failures are repeated by those who use it, so the client itself gives up soon. */
export function kafkaClient(connection: KafkaConnection): Kafka {
  repairPauses();
  const { ssl, sasl, logger = SILENT } = connection;
  return new Kafka({
    brokers: [...connection.brokers],
    clientId: connection.clientId ?? 'runledger',
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { retries: 2, initialRetryTime: 200, maxRetryTime: 1_000 },
    logLevel: logLevel.ERROR,
    logCreator: () => passingOn(logger),
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  });
}

/** The client's type wants each mechanism by itself. */
function saslOf({ mechanism, ...user }: KafkaUser): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, ...user };
    case 'scram-sha-256':
      return { mechanism, ...user };
    case 'scram-sha-512':
      return { mechanism, ...user };
  }
}

/**
 * What the client calls an error is repeated by its user, who reports those that stay. It says the same of the same broker at
 * each of its tries, which is passed on now and then.
 */
function passingOn(logger: ConsumerLog): (entry: LogEntry) => void {
  const passedAtMs = new LRUCache<string, number>({ max: 1_000 });
  return ({ namespace, log }) => {
    const { broker, clientId, error, groupId } = log as Record<string, unknown>;
    const key = [namespace, typeof broker === 'string' ? broker : '', log.message].join('\n');
    const nowMs = performance.now();
    if (nowMs - (passedAtMs.get(key) ?? -Infinity) < TELL_EVERY_MS) return;
    passedAtMs.set(key, nowMs);
    logger.info({ namespace, broker, clientId, error, groupId }, `Kafka client: ${log.message}`);
  };
}
