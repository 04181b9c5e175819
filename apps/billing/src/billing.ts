import { CountDailyRuns, PriceUsage, PublishRateCard, ReserveDailyRun, SetPlan } from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Clock, CommandRegistry } from '@runledger/platform';
import { DailyRunDesk } from './allowances/daily-runs.js';
import { priceUsage } from './charges/price-usage.js';
import { UsageReactor } from './charges/usage.reactor.js';
import { PlanDesk } from './plans/plan-desk.js';
import { DefaultRateCardReactor } from './rate-cards/default-rate-card.reactor.js';
import { RateCards } from './rate-cards/rate-cards.js';

export interface BillingParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
}

/** What this service answers and what it reacts to, without a framework. */
export class Billing {
  readonly #rateCards: RateCards;
  readonly #plans: PlanDesk;
  readonly #dailyRuns: DailyRunDesk;

  constructor(private readonly parts: BillingParts) {
    const { store, handler, clock } = parts;
    this.#rateCards = new RateCards(handler, clock);
    this.#plans = new PlanDesk(handler, store);
    this.#dailyRuns = new DailyRunDesk(handler, this.#plans);
  }

  answer(commands: CommandRegistry): void {
    const [rateCards, plans, dailyRuns] = [this.#rateCards, this.#plans, this.#dailyRuns];
    commands.answer(PublishRateCard, (input, context) => rateCards.publish(input, context));
    commands.answer(PriceUsage, (input, context) => priceUsage(rateCards, input, context));
    commands.answer(SetPlan, (input, context) => plans.set(input, context));
    commands.answer(ReserveDailyRun, (input, context) => dailyRuns.reserve(input, context));
    commands.answer(CountDailyRuns, (_input, context) => dailyRuns.count(context));
  }

  reactors(): Reactor[] {
    const { handler, clock } = this.parts;
    return [new DefaultRateCardReactor(this.#rateCards, clock), new UsageReactor(handler, this.#rateCards, clock)];
  }
}
