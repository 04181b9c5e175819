import type { KafkaUser } from '@runledger/messaging/kafka';
import type { BlobSettings } from '../blobs/index.js';
import { InvalidConfigError, parseConfig } from '../config/parse-config.js';
import type { ConfigProblem } from '../config/parse-config.js';
import { z } from 'zod';
import { blobProblems, blobVariables, s3Settings } from './blobs.config.js';

const schema = z.object({
  MIGRATE: z
    .enum(['on', 'off'])
    .default('on')
    .describe('off, to leave the tables as they are and start only when they are what this program needs'),
  EVENT_STORE: z
    .enum(['postgres', 'eventstoredb'])
    .default('postgres')
    .describe('postgres or eventstoredb: where the log is kept; everything else is kept in PostgreSQL'),
  EVENTSTOREDB_URL: z
    .string()
    .regex(/^esdb(\+discover)?:\/\/[^\s/]+/)
    .optional()
    .describe('esdb://host:2113 of an EventStoreDB or KurrentDB, with ?tls=false if it has no certificate'),
  EVENTSTOREDB_USER: z.string().optional().describe('the user, if the address does not name one'),
  EVENTSTOREDB_PASSWORD: z.string().optional().describe('the password of that user'),
  DISTRIBUTION: z
    .enum(['store-direct', 'kafka'])
    .default('store-direct')
    .describe('store-direct or kafka: how events reach those who follow the log'),
  KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/)
    .optional()
    .describe('host:port of some brokers, separated by commas'),
  KAFKA_TOPIC: z
    .string()
    .regex(/^[\w.-]{1,249}$/)
    .default('runledger-events')
    .describe('a topic of one log alone; it is made when it does not exist'),
  KAFKA_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(9)
    .default(1)
    .describe('how many brokers keep a copy of each event, for a topic that is made'),
  KAFKA_TLS: z.enum(['on', 'off']).default('off').describe('on, if the brokers want TLS'),
  KAFKA_TLS_CA: z.string().optional().describe('a file with the certificates (PEM) of those who vouch for the brokers'),
  KAFKA_SASL: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('plain, scram-sha-256 or scram-sha-512, if the brokers want a user'),
  KAFKA_USER: z.string().optional().describe('that user'),
  KAFKA_PASSWORD: z.string().optional().describe('the password of that user'),
  ...blobVariables,
});
export { schema as storageVariables };

type Values = z.output<typeof schema>;
type ReadProblem = ConfigProblem | undefined | false;

/** Where Kafka is and how to get in. Holds a password: never log it. */
export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** For a topic that is made. */
  readonly replicationFactor: number;
  /** Undefined: no TLS. Without `caFile` the certificates that Node knows vouch for the brokers. */
  readonly tls?: { readonly caFile?: string };
  readonly sasl?: KafkaUser;
}

/** Where the log is, and how it reaches those who follow it. Holds credentials: never log it. */
export interface StorageConfig {
  /** False: the process starts only when the tables are what it needs (`npm run migrate`). */
  readonly migrates: boolean;
  readonly eventStore:
    { readonly kind: 'postgres' } | { readonly kind: 'eventstoredb'; readonly connectionString: string };
  /** Left out: files in the data directory. */
  readonly blobs?: BlobSettings;
  readonly distribution: { readonly kind: 'store-direct' } | ({ readonly kind: 'kafka' } & KafkaConfig);
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readStorageConfig(environment = process.env): StorageConfig {
  const values = parseConfig(schema, environment);
  const problems = [...eventStoreProblems(values), ...kafkaProblems(values), ...blobProblems(values)].filter(isProblem);
  if (problems.length > 0) throw new InvalidConfigError(problems);
  const blobs = s3Settings(values);
  return {
    migrates: values.MIGRATE === 'on',
    eventStore:
      values.EVENT_STORE === 'postgres'
        ? { kind: 'postgres' }
        : { kind: 'eventstoredb', connectionString: connectionStringOf(values) },
    ...(blobs && { blobs }),
    distribution:
      values.DISTRIBUTION === 'store-direct' ? { kind: 'store-direct' } : { kind: 'kafka', ...kafkaConfig(values) },
  };
}

function connectionStringOf({ EVENTSTOREDB_URL: url = '', EVENTSTOREDB_USER: user, ...values }: Values): string {
  if (user === undefined) return url;
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(values.EVENTSTOREDB_PASSWORD ?? '')}`;
  return url.replace('://', `://${credentials}@`);
}

function kafkaConfig(values: Values): KafkaConfig {
  const { KAFKA_TLS_CA: caFile, KAFKA_SASL: mechanism, KAFKA_USER: username, KAFKA_PASSWORD: password } = values;
  return {
    brokers: values.KAFKA_BROKERS?.split(',') ?? [],
    topic: values.KAFKA_TOPIC,
    replicationFactor: values.KAFKA_REPLICATION,
    ...(values.KAFKA_TLS === 'on' ? { tls: caFile === undefined ? {} : { caFile } } : {}),
    ...(mechanism === undefined || username === undefined || password === undefined
      ? {}
      : { sasl: { mechanism, username, password } }),
  };
}

function eventStoreProblems(values: Values): readonly ReadProblem[] {
  if (values.EVENT_STORE !== 'eventstoredb') return [];
  const { EVENTSTOREDB_URL: url, EVENTSTOREDB_USER: user, EVENTSTOREDB_PASSWORD: password } = values;
  const namesUser = url?.includes('@') ?? false;
  const needsUser = url !== undefined && !/[?&]tls=false\b/i.test(url);
  return [
    url === undefined &&
      missing(
        'EVENTSTOREDB_URL',
        'EVENT_STORE is eventstoredb',
        'or leave EVENT_STORE out to keep the log in PostgreSQL',
      ),
    needsUser &&
      !namesUser &&
      user === undefined &&
      missing(
        'EVENTSTOREDB_USER',
        'the server is asked over TLS, which needs a user',
        'or add ?tls=false to the address',
      ),
    user !== undefined && password === undefined && missing('EVENTSTOREDB_PASSWORD', 'EVENTSTOREDB_USER is set'),
    user === undefined && password !== undefined && missing('EVENTSTOREDB_USER', 'EVENTSTOREDB_PASSWORD is set'),
    user !== undefined &&
      namesUser && {
        variable: 'EVENTSTOREDB_USER',
        message: 'is set, but EVENTSTOREDB_URL names a user already',
        fix: 'Leave one of the two out.',
      },
  ];
}

function kafkaProblems(values: Values): readonly ReadProblem[] {
  if (values.DISTRIBUTION !== 'kafka') return [];
  const { KAFKA_BROKERS, KAFKA_SASL: sasl, KAFKA_USER: user, KAFKA_PASSWORD: password } = values;
  return [
    KAFKA_BROKERS === undefined &&
      missing('KAFKA_BROKERS', 'DISTRIBUTION is kafka', 'or leave DISTRIBUTION out to read events from the store'),
    sasl !== undefined && user === undefined && missing('KAFKA_USER', 'KAFKA_SASL is set'),
    sasl !== undefined && password === undefined && missing('KAFKA_PASSWORD', 'KAFKA_SASL is set'),
    sasl === undefined && user !== undefined && missing('KAFKA_SASL', 'KAFKA_USER is set'),
    values.KAFKA_TLS === 'off' &&
      values.KAFKA_TLS_CA !== undefined && {
        variable: 'KAFKA_TLS_CA',
        message: 'is set, but KAFKA_TLS is off',
        fix: 'Set KAFKA_TLS to on, or leave KAFKA_TLS_CA out.',
      },
  ];
}

/** What to set it to, in the words of the schema. */
function missing(variable: keyof typeof schema.shape, because: string, otherwise?: string): ConfigProblem {
  const wanted = `Set it to ${schema.shape[variable].description ?? 'a value'}`;
  const fix = otherwise === undefined ? `${wanted}.` : `${wanted}, ${otherwise}.`;
  return { variable, message: `is not set, but ${because}`, fix };
}

function isProblem(problem: ReadProblem): problem is ConfigProblem {
  return typeof problem === 'object';
}
