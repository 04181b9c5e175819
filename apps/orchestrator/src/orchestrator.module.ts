import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CLOCK, COMMAND_CLIENT, EVENT_STORE, CommandRegistry, TELEMETRY } from '@runledger/platform';
import type { Clock, CommandClient, Telemetry } from '@runledger/platform';
import { TIMERS, TimersModule } from '@runledger/timers';
import type { TimerHost } from '@runledger/timers';
import { Orchestrator, type OrchestratorOptions } from './orchestrator.js';

export { FunctionsInvalidError, functionsOf } from './functions/load-functions.js';
export { Orchestrator } from './orchestrator.js';
export type { OrchestratorOptions, OrchestratorParts } from './orchestrator.js';
export type { ProviderConnected } from './preflight/run-needs.js';

export interface OrchestratorModuleOptions extends OrchestratorOptions {
  /** The timers of this service. The module starts and stops them. */
  readonly timers: TimerHost;
}

type Injected = [EventStore, CommandHandler, Clock, TimerHost, CommandClient, Telemetry];

/** The orchestrator service, flows and runs: decides what happens next. Needs the global platform module beside it. */
@Module({})
export class OrchestratorModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: RunningConsumer[] = [];

  constructor(
    private readonly orchestrator: Orchestrator,
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
    @Inject(TIMERS) private readonly timers: TimerHost,
  ) {}

  static register({ timers: host, ...options }: OrchestratorModuleOptions): DynamicModule {
    return {
      module: OrchestratorModule,
      imports: [TimersModule.register(host)],
      providers: [
        {
          provide: Orchestrator,
          inject: [EVENT_STORE, CommandHandler, CLOCK, TIMERS, COMMAND_CLIENT, TELEMETRY],
          useFactory: (...[store, handler, clock, timers, client, telemetry]: Injected) =>
            new Orchestrator({ store, handler, clock, timers, client, telemetry }, options),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.orchestrator.answer(this.commands);
    await this.timers.start(this.orchestrator.timerKinds());
    for (const reactor of this.orchestrator.reactors()) this.#running.push(await this.reactors.start(reactor));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.orchestrator.end();
    await Promise.all([this.timers, ...this.#running].map(part => part.stop()));
  }
}
