import { hostname } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApprovalModule } from '@runledger/approval';
import { AuditModule } from '@runledger/audit';
import { BillingModule } from '@runledger/billing';
import { catalogue, type StepFunctions } from '@runledger/contracts';
import { GatewayModule } from '@runledger/gateway';
import { OrchestratorModule } from '@runledger/orchestrator';
import { PlatformModule, SubjectKeys } from '@runledger/platform';
import type { Log, Telemetry } from '@runledger/platform';
import { SandboxModule } from '@runledger/sandbox';
import { connectedProviders } from '@runledger/sandbox/config';
import { remotesFolder } from './sample/sample.js';
import type { StandaloneConfig } from './standalone.config.js';
import { openTimers } from './service-timers.js';
import type { AuditSigning } from './services/secrets.js';
import type { Storage } from './storage.js';

export interface StandaloneParts {
  readonly config: StandaloneConfig;
  /** What steps call. */
  readonly functions: StepFunctions;
  readonly storage: Storage;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Secret bytes of this installation: token hashes and cursors depend on them. */
  readonly pepper: Buffer;
  /** What signs checkpoints of the log. */
  readonly signing: AuditSigning;
}

/** The one place where the services meet in one process; each keeps to its own streams, as if it were alone. */
@Module({})
export class StandaloneModule {
  static register({ config, functions, storage, log, pepper, signing, telemetry }: StandaloneParts): DynamicModule {
    const { store, checkpoints, distribution, checks, blobs, pool, postgres } = storage;
    const owner = `${hostname()}:${process.pid}`;
    const { providers, mountSources } = config.sandbox;
    const sandbox = { ...config.sandbox, mountSources: [...mountSources, remotesFolder(config.home)] };
    return {
      module: StandaloneModule,
      imports: [
        PlatformModule.register({
          ...{ store, checkpoints, distribution, checks, blobs, catalogue, log, owner, telemetry },
          subjectKeys: new SubjectKeys(pool),
        }),
        OrchestratorModule.register({
          connectedProviders: connectedProviders(providers),
          available: config.available,
          ...{ functions, callsAtATime: config.functions.callsAtATime, log },
          timers: openTimers('orchestrator', storage, { log, isShared: false }),
        }),
        SandboxModule.register({
          ...{ config: sandbox, database: pool, log },
          homeDir: join(config.home, 'sandboxes'),
          vaultKeyFile: join(config.home, 'vault.key'),
          offer: config.available,
          timers: openTimers('sandbox', storage, { log, isShared: false }),
        }),
        ApprovalModule.register({
          ...{ config: config.approval, database: pool, log },
          vaultKeyFile: join(config.home, 'vault.key'),
          timers: openTimers('approval', storage, { log, isShared: false }),
        }),
        BillingModule.register(),
        AuditModule.register({ config: config.audit, database: pool, cursorKey: pepper, ...signing, log }),
        GatewayModule.register({
          ...config.apiAccess,
          ...{ databaseUrl: postgres.url, pepper, owner, log },
          ...{ metrics: config.telemetry.metrics, webhooks: config.webhooks },
        }),
      ],
    };
  }
}
