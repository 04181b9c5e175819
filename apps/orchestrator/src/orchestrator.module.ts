import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CLOCK, EVENT_STORE, CommandRegistry } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { Orchestrator, type OrchestratorOptions } from './orchestrator.js';

export { Orchestrator } from './orchestrator.js';
export type { OrchestratorOptions, OrchestratorParts } from './orchestrator.js';
export type { ProviderConnected } from './runs/run-starter.js';

/** The orchestrator service, flows and runs: decides what happens next. Needs the global platform module beside it. */
@Module({})
export class OrchestratorModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: RunningConsumer[] = [];

  constructor(
    private readonly orchestrator: Orchestrator,
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
  ) {}

  static register(options: OrchestratorOptions = {}): DynamicModule {
    return {
      module: OrchestratorModule,
      providers: [
        {
          provide: Orchestrator,
          inject: [EVENT_STORE, CommandHandler, CLOCK],
          useFactory: (store: EventStore, handler: CommandHandler, clock: Clock) =>
            new Orchestrator({ store, handler, clock }, options),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.orchestrator.answer(this.commands);
    for (const reactor of this.orchestrator.reactors()) this.#running.push(await this.reactors.start(reactor));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running.map(reactor => reactor.stop()));
  }
}
