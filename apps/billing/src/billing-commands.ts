import { CountDailyRuns, PriceUsage, PublishRateCard, ReserveDailyRun, SetPlan } from '@runledger/contracts';
import type { CommandRegistry } from '@runledger/platform';
import type { DailyRunDesk } from './allowances/daily-runs.js';
import { priceUsage } from './charges/price-usage.js';
import type { PlanDesk } from './plans/plan-desk.js';
import type { RateCards } from './rate-cards/rate-cards.js';

/** Everything that billing is asked. */
export class BillingCommands {
  constructor(
    private readonly rateCards: RateCards,
    private readonly plans: PlanDesk,
    private readonly dailyRuns: DailyRunDesk,
  ) {}

  answer(commands: CommandRegistry): void {
    const { rateCards, plans, dailyRuns } = this;
    commands.answer(PublishRateCard, (input, context) => rateCards.publish(input, context));
    commands.answer(PriceUsage, (input, context) => priceUsage(rateCards, input, context));
    commands.answer(SetPlan, (input, context) => plans.set(input, context));
    commands.answer(ReserveDailyRun, (input, context) => dailyRuns.reserve(input, context));
    commands.answer(CountDailyRuns, (_input, context) => dailyRuns.count(context));
  }
}
