import type { WebhookLimits } from '@runledger/gateway';
import { readApprovalConfig } from '@runledger/approval';
import type { ApprovalConfig } from '@runledger/approval';
import { readAuditConfig } from '@runledger/audit';
import type { AuditConfig } from '@runledger/audit';
import { absolute, allOf, parseConfig, readTelemetryConfig } from '@runledger/platform';
import type { TelemetryConfig } from '@runledger/platform';
import { readStorageConfig } from '@runledger/platform/storage';
import type { StorageConfig } from '@runledger/platform/storage';
import { readSandboxConfig } from '@runledger/sandbox';
import type { SandboxConfig } from '@runledger/sandbox';
import { z } from 'zod';
import { readApiConfig, type ApiConfig } from './api.config.js';
import { readAvailableConfig, type AvailableConfig } from './available.config.js';
import { readWebhooksConfig } from './webhooks.config.js';

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4_000).describe('a port number; 0 takes a free one'),
  HOST: z.string().default('127.0.0.1').describe('the address to listen on; 127.0.0.1 is this machine only'),
  RUNLEDGER_HOME: z.string().default('.runledger').describe('the data directory'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional()
    .describe('postgres://user:password@host:port/database of a PostgreSQL 17 or later'),
  RUNLEDGER_SAMPLE: z.enum(['on', 'off']).default('on').describe('off, to start without the sample flow'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('warn')
    .describe('one of fatal, error, warn, info, debug, trace, silent'),
});
export { schema as standaloneVariables };

/** How the one-process platform is set up. Paths are absolute. */
export interface StandaloneConfig {
  readonly port: number;
  readonly host: string;
  readonly home: string;
  readonly databaseUrl?: string;
  /** Holds credentials: never log it. */
  readonly storage: StorageConfig;
  readonly sample: boolean;
  /** Holds credentials: never log it. */
  readonly sandbox: SandboxConfig;
  readonly apiAccess: ApiConfig;
  readonly available: AvailableConfig;
  /** Its addresses may hold secrets: never log it. */
  readonly audit: AuditConfig;
  /** Holds a secret: never log it. */
  readonly approval: ApprovalConfig;
  readonly webhooks: WebhookLimits;
  /** Holds a token: never log it. */
  readonly telemetry: TelemetryConfig;
  readonly logLevel: z.infer<typeof schema>['LOG_LEVEL'];
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readStandaloneConfig(environment = process.env): StandaloneConfig {
  const [values, storage, sandbox, telemetry, available, webhooks, apiAccess, audit, approval] = allOf(
    () => parseConfig(schema, environment),
    () => readStorageConfig(environment),
    () => readSandboxConfig(environment),
    () => readTelemetryConfig(environment),
    () => readAvailableConfig(environment),
    () => readWebhooksConfig(environment),
    () => readApiConfig(environment),
    () => readAuditConfig(environment),
    () => readApprovalConfig(environment),
  );
  return {
    port: values.PORT,
    host: values.HOST,
    home: absolute(values.RUNLEDGER_HOME),
    ...(values.DATABASE_URL === undefined ? {} : { databaseUrl: values.DATABASE_URL }),
    storage,
    sample: values.RUNLEDGER_SAMPLE === 'on',
    sandbox,
    apiAccess,
    available,
    webhooks,
    audit,
    approval,
    telemetry,
    logLevel: values.LOG_LEVEL,
  };
}
