import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { Decide } from '@runledger/contracts';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CLOCK, EVENT_STORE, CommandRegistry } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { TIMERS, TimersModule } from '@runledger/timers';
import type { TimerHost } from '@runledger/timers';
import { GateDecisions } from './approvals/gate-decisions.js';
import { GateRequestsReactor } from './approvals/gate-requests.reactor.js';

export interface ApprovalOptions {
  /** The timers of this service. The module starts and stops them. */
  readonly timers: TimerHost;
}

/** The approval service: people are asked at gates, and their one decision is kept (D1). */
@Module({})
export class ApprovalModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  @Inject(TIMERS) private readonly timers!: TimerHost;
  #running: RunningConsumer | undefined;

  constructor(
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
    private readonly decisions: GateDecisions,
    private readonly gateRequests: GateRequestsReactor,
  ) {}

  /** Needs the global platform module beside it. */
  static register({ timers }: ApprovalOptions): DynamicModule {
    return {
      module: ApprovalModule,
      imports: [TimersModule.register(timers)],
      providers: [
        {
          provide: GateDecisions,
          inject: [CommandHandler],
          useFactory: (handler: CommandHandler) => new GateDecisions(handler),
        },
        {
          provide: GateRequestsReactor,
          inject: [EVENT_STORE, CommandHandler, CLOCK],
          useFactory: (store: EventStore, handler: CommandHandler, clock: Clock) =>
            new GateRequestsReactor(store, handler, clock),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.commands.answer(Decide, (input, context) => this.decisions.decide(input, context));
    await this.timers.start([]); // the kinds of timers that this service has
    this.#running = await this.reactors.start(this.gateRequests);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.timers.stop(), this.#running?.stop()]);
  }
}
