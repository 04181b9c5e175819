import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost, SILENT } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import {
  BLOB_STORE,
  CLOCK,
  COMMAND_CLIENT,
  CommandRegistry,
  EVENT_STORE,
  Metrics,
  TELEMETRY,
} from '@runledger/platform';
import type { BlobStores, Clock, CommandClient, Telemetry } from '@runledger/platform';
import type { TimerHost } from '@runledger/timers';
import type { Pool } from 'pg';
import { attemptHost } from './attempt/attempt-host.js';
import { DEFAULT_HOLDS } from './attempt/idle-sandboxes.js';
import { isolationsOf } from './driver/local-drivers.js';
import { ForkServer } from './forking/fork-server.js';
import { SandboxRuntime } from './attempt/sandbox-runtime.js';
import { integrationsOf } from './integrations/open-integrations.js';
import { Integrations } from './integrations/integrations.js';
import type { OperatorsOffer } from './integrations/unmet-needs.js';
import { PublishedProfiles } from './profile/published-profiles.js';
import { SandboxAnswers } from './sandbox-answers.js';
import { RetentionModule } from './retention/retention.module.js';
import type { SandboxConfig } from './sandbox.config.js';
import type { Liveness } from './workers/membership.js';

export { claimReactor } from './attempt/claim.reactor.js';
export { fileRetention } from './retention/retention.reactor.js';
export type { ProviderName, ProviderSettings } from './agent/operator-providers.js';
export { toolDescriptions, toolInputs } from './agent/tool-inputs.js';
export { SandboxRuntime } from './attempt/sandbox-runtime.js';
export type { SandboxLoad } from './attempt/sandbox-runtime.js';
export type { OperatorsOffer } from './integrations/unmet-needs.js';
export type { Liveness } from './workers/membership.js';

export interface SandboxOptions {
  readonly config: SandboxConfig;
  /** A pool on the platform's database; the service keeps its tables of open work and of workers in the schema `sandbox`. */
  readonly database: Pool;
  /** Absolute directory of the sandboxes. Must outlive the process; each replica has its own, and locks it. */
  readonly homeDir: string;
  readonly log?: ConsumerLog;
  /** Absolute path of the file with the keys of the vault, which is made when it is first needed. */
  readonly vaultKeyFile: string;
  /** What the operator says is there for every workspace; default: nothing. */
  readonly offer?: OperatorsOffer;
  /** A connection string of the same database: where replicas tell each other of work at once. Without it they look each second. */
  readonly newsUrl?: string;
  readonly liveness?: Partial<Liveness>;
  /** The timers of this service: without them what runs kept is kept for ever. */
  readonly timers?: TimerHost;
}

type Injected = [
  EventStore,
  BlobStores,
  Clock,
  CommandHandler,
  ReactorHost,
  PublishedProfiles,
  Telemetry,
  CommandClient,
  Integrations,
];

const NOTHING: OperatorsOffer = { credentials: [], integrations: [] };

/**
 * The sandbox service: profiles are published, ready steps executed where they can do no harm, and everything that they do is
 * written down. Attempts that execute at shutdown go on at the next start (R2); no process of theirs stays behind (S1), unless the
 * operator lets agents work on.
 */
@Module({})
export class SandboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly commands: CommandRegistry,
    private readonly answers: SandboxAnswers,
    private readonly runtime: SandboxRuntime,
    private readonly metrics: Metrics,
  ) {}

  /** Needs the global platform module beside it. */
  static register(options: SandboxOptions): DynamicModule {
    const { config, database, homeDir, newsUrl, liveness, log = SILENT, offer = NOTHING } = options;
    return {
      module: SandboxModule,
      imports: options.timers ? [RetentionModule.register(options.timers)] : [],
      providers: [
        {
          provide: PublishedProfiles,
          inject: [CommandHandler],
          useFactory: (commands: CommandHandler) =>
            new PublishedProfiles(commands, { ...config, isolations: isolationsOf(config) }),
        },
        {
          provide: Integrations,
          inject: [CommandHandler, CLOCK],
          useFactory: (commands: CommandHandler, clock: Clock) =>
            integrationsOf({ config, database, keyFile: options.vaultKeyFile, commands, clock }),
        },
        {
          provide: SandboxAnswers,
          inject: [PublishedProfiles, Integrations],
          useFactory: (profiles: PublishedProfiles, integrations: Integrations) =>
            new SandboxAnswers(profiles, integrations),
        },
        {
          provide: SandboxRuntime,
          inject: [
            ...[EVENT_STORE, BLOB_STORE, CLOCK, CommandHandler, ReactorHost, PublishedProfiles, TELEMETRY],
            ...[COMMAND_CLIENT, Integrations],
          ],
          useFactory: (
            ...[store, blobs, clock, commands, reactors, profiles, telemetry, services, known]: Injected
          ) => {
            const parts = { store, blobs, clock, commands, profiles, telemetry, offer, config, homeDir };
            const host = attemptHost({ ...parts, integrations: known, forks: new ForkServer() });
            return new SandboxRuntime({
              ...{ host, database, homeDir, reactors, log, services },
              limits: {
                maxAttempts: config.maxAttempts,
                holds: { ...DEFAULT_HOLDS, containerMs: config.holdMs },
              },
              liveness: { returnWithinMs: config.returnWithinMs, ...liveness },
              ...(newsUrl === undefined ? {} : { newsUrl }),
            });
          },
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.answers.answer(this.commands, () => this.runtime.drivers());
    await this.runtime.start();
    this.#showLoad();
  }

  /** SIGINT and SIGHUP say that nothing is to stay; after anything else the service may be started again. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    await this.runtime.stop({ isFinal: signal === 'SIGINT' || signal === 'SIGHUP' });
  }

  #showLoad(): void {
    const waiting = this.metrics.gauge('attemptsWaiting');
    const capacity = this.metrics.gauge('attemptsCapacity');
    this.metrics.sample('queue', async () => {
      const load = await this.runtime.load();
      waiting.set(load.waiting);
      capacity.set(load.capacity);
    });
  }
}
