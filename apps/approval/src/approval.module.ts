import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler, migrateSchema } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { ConsumerLog, RunningConsumer } from '@runledger/messaging';
import { CLOCK, EVENT_STORE, CommandRegistry, Vault, vaultKeysFrom } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { TIMERS, TimersModule } from '@runledger/timers';
import type { TimerHost } from '@runledger/timers';
import type { Pool } from 'pg';
import { Approval } from './approval.js';
import { APPROVAL_SCHEMA } from './approval-tables.js';
import type { ApprovalConfig } from './approval.config.js';

export { Approval } from './approval.js';
export type { ApprovalParts } from './approval.js';

export interface ApprovalOptions {
  readonly config: ApprovalConfig;
  /** Of the schema `approval`. */
  readonly database: Pool;
  /** Absolute path of the file with the keys of the vault, which is made when it is first needed. */
  readonly vaultKeyFile: string;
  readonly log?: ConsumerLog;
  /** The timers of this service. The module starts and stops them. */
  readonly timers: TimerHost;
}

/** The approval service: people are asked at gates and by agents, and their one decision is kept (D1). */
@Module({})
export class ApprovalModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: readonly RunningConsumer[] = [];

  constructor(
    private readonly approval: Approval,
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
    @Inject(TIMERS) private readonly timers: TimerHost,
  ) {}

  /** Needs the global platform module beside it. */
  static register({ timers: host, config, database, vaultKeyFile, log }: ApprovalOptions): DynamicModule {
    const vault = new Vault(database, vaultKeysFrom(config.vaultKey, vaultKeyFile), 'approval.vault');
    const prepare = () => migrateSchema(database, APPROVAL_SCHEMA);
    const notifications = { config, vault, prepare, ...(log && { log }) };
    return {
      module: ApprovalModule,
      imports: [TimersModule.register(host)],
      providers: [
        {
          provide: Approval,
          inject: [EVENT_STORE, CommandHandler, CLOCK, TIMERS],
          useFactory: (store: EventStore, handler: CommandHandler, clock: Clock, timers: TimerHost) =>
            new Approval({ store, handler, clock, timers, notifications }),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.approval.prepare();
    this.approval.answer(this.commands);
    await this.timers.start(this.approval.timerKinds());
    this.#running = await Promise.all(this.approval.reactors().map(reactor => this.reactors.start(reactor)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.timers, ...this.#running].map(part => part.stop()));
  }
}
