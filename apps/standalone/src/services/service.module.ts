import { hostname } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { catalogue, commandSenders } from '@runledger/contracts';
import type { CommandSender, DeployedService } from '@runledger/contracts';
import { HttpCommands, PlatformModule, SubjectKeys } from '@runledger/platform';
import type { CommandClient, Log, Telemetry } from '@runledger/platform';
import { remotesFolder } from '../sample/sample.js';
import { openTimers } from '../service-timers.js';
import type { Storage } from '../storage.js';
import { auditSigning, exportCursorKey, gatewayPepper, senderSigner } from './secrets.js';
import type { ServiceConfig } from './service.config.js';

/** The services that are modules; the relay is none. */
export type ModularService = Exclude<DeployedService, 'relay'>;

interface ServiceParts {
  readonly config: ServiceConfig;
  readonly storage: Storage;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

/** One service with the platform around it, as it stands in a process of its own. */
@Module({})
export class ServiceModule {
  static async register(service: ModularService, parts: ServiceParts): Promise<DynamicModule> {
    const { config, storage, log, telemetry } = parts;
    const { store, checkpoints, distribution, checks, blobs, pool } = storage;
    const sender = isSender(service) ? { commands: await commandsOf(service, config) } : {};
    const shared = { store, checkpoints, distribution, checks, blobs, catalogue, subjectKeys: new SubjectKeys(pool) };
    // Replicas share the reactors, and one that starts takes nothing away from one that works.
    const leases = { sharing: 'shared' } as const;
    const platform = { ...shared, log, owner: owner(), telemetry, leases, ...sender };
    return {
      module: ServiceModule,
      imports: [PlatformModule.register(platform), await moduleOf(service, parts)],
    };
  }
}

/** Loads the code of that service alone: what the others need is most of what a start would take. */
async function moduleOf(service: ModularService, parts: ServiceParts): Promise<DynamicModule> {
  const { config, storage, log } = parts;
  switch (service) {
    case 'orchestrator': {
      const { functionsOf, OrchestratorModule } = await import('@runledger/orchestrator');
      return OrchestratorModule.register({
        connectedProviders: config.connectedProviders,
        available: config.available,
        functions: await functionsOf(config.functions),
        callsAtATime: config.functions.callsAtATime,
        log,
        timers: openTimers('orchestrator', storage, { log, isShared: true }),
      });
    }
    case 'sandbox': {
      const { SandboxModule } = await import('@runledger/sandbox');
      const mountSources = [...config.sandbox.mountSources, remotesFolder(config.home)];
      const sandbox = { ...config.sandbox, mountSources };
      return SandboxModule.register({
        config: sandbox,
        database: storage.pool,
        homeDir: config.sandboxHome,
        log,
        newsUrl: storage.postgres.url,
        vaultKeyFile: join(config.secretsDir, 'vault.key'),
        offer: config.available,
        timers: openTimers('sandbox', storage, { log, isShared: true }),
      });
    }
    case 'approval': {
      const { ApprovalModule } = await import('@runledger/approval');
      return ApprovalModule.register({
        ...{ config: config.approval, database: storage.pool, log },
        vaultKeyFile: join(config.secretsDir, 'vault.key'),
        timers: openTimers('approval', storage, { log, isShared: true }),
      });
    }
    case 'billing': {
      const { BillingModule } = await import('@runledger/billing');
      return BillingModule.register();
    }
    case 'audit':
      return auditModule(parts);
    case 'gateway':
      return gatewayModule(parts);
  }
}

async function auditModule({ config: { secretsDir, audit }, storage, log }: ServiceParts): Promise<DynamicModule> {
  const { AuditModule } = await import('@runledger/audit');
  const [cursorKey, signing] = [await exportCursorKey(secretsDir), await auditSigning(secretsDir)];
  return AuditModule.register({ config: audit, database: storage.pool, cursorKey, ...signing, log });
}

async function gatewayModule({
  config: { secretsDir, telemetry, webhooks, apiAccess },
  storage: { postgres },
  log,
}: ServiceParts): Promise<DynamicModule> {
  const { GatewayModule } = await import('@runledger/gateway');
  const pepper = await gatewayPepper(secretsDir);
  const access = { databaseUrl: postgres.url, pepper, owner: owner() };
  return GatewayModule.register({ ...apiAccess, ...access, metrics: telemetry.metrics, webhooks, log });
}

function isSender(service: ModularService): service is CommandSender {
  return commandSenders.some(sender => sender === service);
}

async function commandsOf(sender: CommandSender, { addresses, secretsDir }: ServiceConfig): Promise<CommandClient> {
  return new HttpCommands({ addresses, tokens: await senderSigner(secretsDir, sender) });
}

/** Names this process in checkpoints. */
function owner(): string {
  return `${hostname()}:${process.pid}`;
}
