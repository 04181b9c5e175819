import type { Position } from '@runledger/event-store';
import { Fault, RetryableError } from '@runledger/kernel';
import kafkajs from 'kafkajs';
import type { KafkaJSError } from 'kafkajs';

/** The brokers cannot be reached, or are busy with themselves. */
export class KafkaUnavailableError extends RetryableError {
  constructor(cause: Error) {
    super('KAFKA_UNAVAILABLE', `Kafka does not answer: ${cause.message}. It is tried again.`, { cause });
  }
}

/** The brokers refuse what was asked, and will refuse it again. */
export class KafkaRefusedError extends Fault {
  constructor(cause: Error) {
    super('KAFKA_REFUSED', `Kafka refuses: ${cause.message}. Look at the topic's settings and at who may use it.`, {
      cause,
    });
  }
}

/** The one order of the log exists on a topic only while it has one partition. */
export class TopicPartitionsError extends Fault {
  constructor(topic: string, partitions: number) {
    super(
      'KAFKA_TOPIC_PARTITIONS',
      `The topic ${topic} has ${partitions} partitions, but events keep their order only on one. Name a topic that does not exist yet, and it is made; or make one with one partition.`,
      { fields: { topic, partitions } },
    );
  }
}

/** The topic tells of events that the store does not have. */
export class TopicAheadError extends Fault {
  constructor(told: Position, end: Position) {
    super(
      'KAFKA_TOPIC_AHEAD',
      `The topic tells of position ${told}, but the log ends at ${end}: the topic belongs to another log, or the log was restored from an older copy. Use a topic with a new name.`,
      { fields: { told: String(told), end: String(end) } },
    );
  }
}

/** What the client threw, as a fault that says whether trying again makes sense. */
export function kafkaFault(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!isClients(error)) return error;
  return mayGoAway(error) ? new KafkaUnavailableError(error) : new KafkaRefusedError(error);
}

/** Nobody has made the topic yet: who reads it may be started before the relay that makes it. */
export function isTopicMissing(error: unknown): boolean {
  return isOfType(error, ['UNKNOWN_TOPIC_OR_PARTITION']);
}

/** The brokers answer, and have not read yet who their coordinators are: what the first who ask after their start hear. */
export function isStarting(error: unknown): boolean {
  return isOfType(error, ['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']);
}

function isOfType(error: unknown, types: readonly unknown[]): boolean {
  if (!(error instanceof Error)) return false;
  return types.includes((error as { readonly type?: unknown }).type) || isOfType(error.cause, types);
}

/** "Retries exceeded" counts as final for the client, whose patience is short; what was retried says more. */
function mayGoAway(error: KafkaJSError): boolean {
  if (error.name === 'KafkaJSNumberOfRetriesExceeded') {
    return !isClients(error.cause) || error.cause.retriable;
  }
  return error.retriable || error.name === 'KafkaJSBrokerNotFound' || error.name === 'KafkaJSNoBrokerAvailableError';
}

/** Node does not see the client's errors among its named exports. */
function isClients(error: unknown): error is KafkaJSError {
  return error instanceof kafkajs.KafkaJSError;
}
