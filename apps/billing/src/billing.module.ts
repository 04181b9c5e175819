import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CLOCK, CommandRegistry, EVENT_STORE } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { readBillingConfig, type BillingConfig } from './billing.config.js';
import { Billing } from './billing.js';
import { HttpCalculator } from './calculator/http-calculator.js';

export { Billing } from './billing.js';
export type { BillingParts } from './billing.js';
export { priceList } from './rate-cards/default-rate-card.js';
export { PRICE_LIST } from './rate-cards/list-prices/price-list.js';
export { RateCards } from './rate-cards/rate-cards.js';
export type { SeededRateCard } from './rate-cards/rate-cards.js';
export { billingVariables, readBillingConfig } from './billing.config.js';
export type { BillingConfig } from './billing.config.js';

/** The billing service: dated rate cards, one charge for each use (M1), plans and how many runs they let start. */
@Module({})
export class BillingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: RunningConsumer[] = [];

  constructor(
    private readonly billing: Billing,
    private readonly commands: CommandRegistry,
    private readonly reactors: ReactorHost,
  ) {}

  /** Needs the global platform module beside it. */
  static register({ calculatorUrl }: BillingConfig = readBillingConfig()): DynamicModule {
    const calculator = calculatorUrl === undefined ? {} : { calculator: new HttpCalculator(calculatorUrl) };
    return {
      module: BillingModule,
      providers: [
        {
          provide: Billing,
          inject: [EVENT_STORE, CommandHandler, CLOCK],
          useFactory: (store: EventStore, handler: CommandHandler, clock: Clock) =>
            new Billing({ store, handler, clock, ...calculator }),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.billing.answer(this.commands);
    for (const reactor of this.billing.reactors()) this.#running.push(await this.reactors.start(reactor));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running.map(reactor => reactor.stop()));
  }
}
