import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { Reactor, RunningConsumer } from '@runledger/messaging';
import { CLOCK, CommandRegistry, EVENT_STORE } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { DailyRunDesk } from './allowances/daily-runs.js';
import { BillingCommands } from './billing-commands.js';
import { UsageReactor } from './charges/usage.reactor.js';
import { PlanDesk } from './plans/plan-desk.js';
import { DefaultRateCardReactor } from './rate-cards/default-rate-card.reactor.js';
import { RateCards } from './rate-cards/rate-cards.js';

/** Everything that billing does by itself. */
export class BillingReactors {
  readonly all: readonly Reactor[];

  constructor(handler: CommandHandler, rateCards: RateCards, clock: Clock) {
    this.all = [new DefaultRateCardReactor(rateCards, clock), new UsageReactor(handler, rateCards, clock)];
  }
}

/** The billing service: dated rate cards, one charge for each use (M1), plans and how many runs they let start. */
@Module({})
export class BillingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: RunningConsumer[] = [];

  constructor(
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
    private readonly asked: BillingCommands,
    private readonly own: BillingReactors,
  ) {}

  /** Needs the global platform module beside it; has no options of its own. */
  static register(): DynamicModule {
    return {
      module: BillingModule,
      providers: [
        {
          provide: RateCards,
          inject: [CommandHandler, CLOCK],
          useFactory: (handler: CommandHandler, clock: Clock) => new RateCards(handler, clock),
        },
        {
          provide: BillingReactors,
          inject: [CommandHandler, RateCards, CLOCK],
          useFactory: (handler: CommandHandler, rateCards: RateCards, clock: Clock) =>
            new BillingReactors(handler, rateCards, clock),
        },
        {
          provide: BillingCommands,
          inject: [CommandHandler, EVENT_STORE, RateCards],
          useFactory: (handler: CommandHandler, store: EventStore, rateCards: RateCards) => {
            const plans = new PlanDesk(handler, store);
            return new BillingCommands(rateCards, plans, new DailyRunDesk(handler, plans));
          },
        },
      ],
      exports: [RateCards],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.asked.answer(this.commands);
    for (const reactor of this.own.all) this.#running.push(await this.reactors.start(reactor));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running.map(reactor => reactor.stop()));
  }
}
