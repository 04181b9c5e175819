import { join } from 'node:path';
import { absolute, allOf, parseConfig, readTelemetryConfig, runningPostgres } from '@runledger/platform';
import type { TelemetryConfig } from '@runledger/platform';
import { readStorageConfig } from '@runledger/platform/storage';
import type { StorageConfig } from '@runledger/platform/storage';
import { z } from 'zod';

const postgres = z.string().regex(/^postgres(ql)?:\/\//);

const schema = z.object({
  DATABASE_URL: postgres.describe(
    'postgres://user:password@host:port/database of the platform, or RUNLEDGER_HOME to the data directory of one that runs here with a server of its own',
  ),
  SERVICE_DATABASE_URL: postgres
    .optional()
    .describe(
      'the same of a PostgreSQL of this service, for its tables, checkpoints and dead letters; by default they are in the database of the platform',
    ),
  RUNLEDGER_HOME: z
    .string()
    .optional()
    .describe(
      'the data directory of the platform, whose blobs/ holds what is too large for the log; not with a bucket',
    ),
  CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('how many events of different runs are handled at the same time by one replica'),
  OPERATIONS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('the port of /health/live, /health/ready and /metrics; 0 takes a free one'),
  OPERATIONS_HOST: z.string().default('127.0.0.1').describe('the address that this port listens on'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent'),
});
/** What only services on the events read; the others mean what they mean for the platform. */
export const consumerVariables = schema.omit({ DATABASE_URL: true, RUNLEDGER_HOME: true, LOG_LEVEL: true });

/** Where a service on the events finds everything. Holds credentials: never log it. */
export interface ServiceConfig {
  /** Of the platform: the log, unless it is in EventStoreDB, and the keys of persons. */
  readonly databaseUrl: string;
  /** Of the service. The same address: it shares the platform's database, and its dead letters show up in the platform's API. */
  readonly serviceDatabaseUrl: string;
  /** Undefined: events that are too large for the log become dead letters. */
  readonly home?: string;
  readonly storage: StorageConfig;
  readonly concurrency: number;
  readonly operations: { readonly host: string; readonly port: number };
  readonly logLevel: z.output<typeof schema>['LOG_LEVEL'];
  readonly telemetry: TelemetryConfig;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment; where it names no database, with that of the platform that runs in RUNLEDGER_HOME (default `.runledger`) on an
 * embedded server, whose address nobody has to know. Holds credentials then: never log it.
 */
export async function besidePlatform(environment: Environment = process.env): Promise<Environment> {
  if (environment['DATABASE_URL'] || environment['DATABASE_URL_FILE']) return environment;
  const home = absolute(environment['RUNLEDGER_HOME'] || '.runledger');
  const url = await runningPostgres(join(home, 'postgres'));
  return url === undefined ? environment : { ...environment, DATABASE_URL: url, RUNLEDGER_HOME: home };
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readServiceConfig(environment: Environment = process.env): ServiceConfig {
  const [values, storage, telemetry] = allOf(
    () => parseConfig(schema, environment),
    () => readStorageConfig({ ...environment }),
    () => readTelemetryConfig(environment),
  );
  return {
    databaseUrl: values.DATABASE_URL,
    serviceDatabaseUrl: values.SERVICE_DATABASE_URL ?? values.DATABASE_URL,
    ...(values.RUNLEDGER_HOME !== undefined && { home: absolute(values.RUNLEDGER_HOME) }),
    storage,
    telemetry,
    concurrency: values.CONCURRENCY,
    operations: { host: values.OPERATIONS_HOST, port: values.OPERATIONS_PORT },
    logLevel: values.LOG_LEVEL,
  };
}
