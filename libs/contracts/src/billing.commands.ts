import { z } from 'zod';
import { rateCard } from './billing.events.js';
import { defineCommand } from './define-command.js';
import { usage } from './recorded-usage.js';
import { microUnits, plan, timestamp } from './values.js';

/** Publishes prices that hold from a date on. The same card and date again answer with the version that exists. */
export const PublishRateCard = defineCommand({
  service: 'billing',
  name: 'PublishRateCard',
  input: z.strictObject({ card: rateCard, effectiveFrom: timestamp }),
  output: z.strictObject({ version: z.int(), created: z.boolean() }),
  refusals: ['INVALID_RATE_CARD'],
});

/** Puts the workspace on a plan from now on. The same plan again changes nothing. */
export const SetPlan = defineCommand({
  service: 'billing',
  name: 'SetPlan',
  input: z.strictObject({ plan }),
  output: z.strictObject({ plan }),
  refusals: [],
});

/** How many runs a workspace may start on the day of the command; `cap` and `used` are absent for a plan without a cap. */
export const dailyRuns = z.strictObject({
  plan,
  cap: z.int().nonnegative().optional(),
  used: z.int().nonnegative().optional(),
  /** When the next day begins, in UTC. */
  resetsAt: timestamp,
});
export type DailyRuns = z.infer<typeof dailyRuns>;

/**
 * Takes one of the day's starts for a run. The same run again has the one that it has; many at once never get more than the
 * cap. A run that does not start after all keeps its place for that day, and whoever sends the same start again uses it.
 */
export const ReserveDailyRun = defineCommand({
  service: 'billing',
  name: 'ReserveDailyRun',
  input: z.strictObject({ runId: z.string() }),
  output: dailyRuns,
  refusals: ['DAILY_RUN_LIMIT'],
});

/** Says how much of the day's starts is used, and changes nothing. */
export const CountDailyRuns = defineCommand({
  service: 'billing',
  name: 'CountDailyRuns',
  input: z.strictObject({}),
  output: dailyRuns,
  refusals: [],
});

/**
 * Says what usage would cost by the rate card in force now, in the order of the request, and charges nothing. A null amount is
 * unpriced, which is not zero; `note` says why, or why it is free.
 */
export const PriceUsage = defineCommand({
  service: 'billing',
  name: 'PriceUsage',
  input: z.strictObject({ usages: z.array(usage).max(1_000) }),
  output: z.strictObject({
    prices: z.array(z.strictObject({ amountMicroUnits: microUnits.nullable(), note: z.string().optional() })),
    currency: z.string(),
    rateCardVersion: z.int().nullable(),
  }),
  refusals: [],
});
