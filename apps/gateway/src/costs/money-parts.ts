import { BudgetReader } from '../budgets/budget-reader.js';
import { BudgetsResolver, RunBudgetResolver } from '../budgets/budgets.resolver.js';
import { CostLabelResolver } from './cost-label.resolver.js';
import { CostReader } from './cost-reader.js';
import { CostsResolver } from './costs.resolver.js';
import { TrendReader } from './trend-reader.js';
import { TrendResolver } from './trend.resolver.js';
import { TodaysPrices } from './todays-prices.js';
import { RateCardsResolver } from '../rate-cards/rate-cards.resolver.js';
import { PlansResolver } from '../plans/plans.resolver.js';
import { DailyRunReader } from '../plans/daily-runs.js';

/** Who answers questions about money: plans, prices, budgets and costs. */
export const MONEY_RESOLVERS = [
  PlansResolver,
  RateCardsResolver,
  BudgetsResolver,
  RunBudgetResolver,
  CostsResolver,
  CostLabelResolver,
  TrendResolver,
];
export const MONEY_READERS = [DailyRunReader, BudgetReader, CostReader, TodaysPrices, TrendReader];
