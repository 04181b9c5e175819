import { readApprovalConfig, type ApprovalConfig } from '@runledger/approval/config';
import { readAuditConfig, type AuditConfig } from '@runledger/audit/config';
import type { WebhookLimits } from '@runledger/gateway';
import { readFunctionsConfig, type FunctionsConfig } from '@runledger/orchestrator/config';
import { allOf, readTelemetryConfig, type TelemetryConfig } from '@runledger/platform';
import { readStorageConfig, type StorageConfig } from '@runledger/platform/storage';
import { readSandboxConfig, type SandboxConfig } from '@runledger/sandbox/config';
import { z } from 'zod';
import { readApiConfig, type ApiConfig } from './api.config.js';
import { readAvailableConfig, type AvailableConfig } from './available.config.js';
import { readWebhooksConfig } from './webhooks.config.js';

/** What is set up in the same way, whether the platform is one process or many. */
export interface PartsConfig {
  /** Holds credentials: never log it. */
  readonly storage: StorageConfig;
  /** Holds credentials: never log it. */
  readonly sandbox: SandboxConfig;
  readonly apiAccess: ApiConfig;
  readonly available: AvailableConfig;
  readonly functions: FunctionsConfig;
  /** Its addresses may hold secrets: never log it. */
  readonly audit: AuditConfig;
  /** Holds a secret: never log it. */
  readonly approval: ApprovalConfig;
  readonly webhooks: WebhookLimits;
  /** Holds a token: never log it. */
  readonly telemetry: TelemetryConfig;
}

/** How much is logged; of every process. */
export const logLevel = z
  .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  .default('warn')
  .describe('one of fatal, error, warn, info, debug, trace, silent');

/**
 * The parts, and what `own` reads beside them. Throws `InvalidConfigError`, which lists every variable of all of them that cannot
 * be used.
 */
export function readParts<Own>(own: () => Own, environment: NodeJS.ProcessEnv): readonly [Own, PartsConfig] {
  const [values, storage, sandbox, apiAccess, available, functions, audit, approval, webhooks, telemetry] = allOf(
    own,
    () => readStorageConfig(environment),
    () => readSandboxConfig(environment),
    () => readApiConfig(environment),
    () => readAvailableConfig(environment),
    () => readFunctionsConfig(environment),
    () => readAuditConfig(environment),
    () => readApprovalConfig(environment),
    () => readWebhooksConfig(environment),
    () => readTelemetryConfig(environment),
  );
  return [values, { storage, sandbox, apiAccess, available, functions, audit, approval, webhooks, telemetry }];
}
