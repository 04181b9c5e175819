import { CheckBudget, CountDailyRuns, PriceUsage, PublishRateCard, ReleaseBudget } from '@runledger/contracts';
import { ReserveBudget, ReserveDailyRun, SetBudget, SetPlan } from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Clock, CommandRegistry } from '@runledger/platform';
import { DailyRunDesk } from './allowances/daily-runs.js';
import { BudgetDesk } from './budgets/budget-desk.js';
import { PricedCallsReactor } from './budgets/priced-calls.reactor.js';
import { BudgetSetter } from './budgets/set-budget.js';
import { cardCalculator, type Calculator } from './calculator/calculator.js';
import { priceUsage } from './charges/price-usage.js';
import { UsageReactor } from './charges/usage.reactor.js';
import { PlanDesk } from './plans/plan-desk.js';
import { DefaultRateCardReactor } from './rate-cards/default-rate-card.reactor.js';
import { RateCards } from './rate-cards/rate-cards.js';

export interface BillingParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  /** Left out: usage is priced by the rate card alone. */
  readonly calculator?: Calculator;
}

/** What this service answers and what it reacts to, without a framework. */
export class Billing {
  readonly #rateCards: RateCards;
  readonly #plans: PlanDesk;
  readonly #dailyRuns: DailyRunDesk;
  readonly #budgets: BudgetDesk;

  constructor(private readonly parts: BillingParts) {
    const { store, handler, clock } = parts;
    this.#rateCards = new RateCards(handler, clock);
    this.#plans = new PlanDesk(handler, store);
    this.#dailyRuns = new DailyRunDesk(handler, this.#plans);
    this.#budgets = new BudgetDesk({ ...parts, rateCards: this.#rateCards });
  }

  answer(commands: CommandRegistry): void {
    const [rateCards, plans, dailyRuns] = [this.#rateCards, this.#plans, this.#dailyRuns];
    commands.answer(PublishRateCard, (input, context) => rateCards.publish(input, context));
    const { calculator = cardCalculator } = this.parts;
    commands.answer(PriceUsage, (input, context) => priceUsage({ rateCards, calculator }, input, context));
    commands.answer(SetPlan, (input, context) => plans.set(input, context));
    commands.answer(ReserveDailyRun, (input, context) => dailyRuns.reserve(input, context));
    commands.answer(CountDailyRuns, (_input, context) => dailyRuns.count(context));
    this.#answerBudgets(commands);
  }

  reactors(): Reactor[] {
    const { clock } = this.parts;
    const usage = new UsageReactor({ ...this.parts, rateCards: this.#rateCards, budgets: this.#budgets });
    const pricedCalls = new PricedCallsReactor({ ...this.parts, rateCards: this.#rateCards, budgets: this.#budgets });
    return [new DefaultRateCardReactor(this.#rateCards, clock), usage, pricedCalls];
  }

  #answerBudgets(commands: CommandRegistry): void {
    const budgets = this.#budgets;
    const setter = new BudgetSetter(budgets, this.parts.handler, this.#rateCards);
    commands.answer(SetBudget, (input, context) => setter.set(input, context));
    commands.answer(ReserveBudget, (input, context) => budgets.reserve(input, context));
    commands.answer(ReleaseBudget, (input, context) => budgets.release(input, context));
    commands.answer(CheckBudget, (input, context) => budgets.check(input, context));
  }
}
