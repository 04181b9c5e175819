import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, microUnits, plan, stepKey, timestamp, utcDay } from './values.js';

/**
 * Prices in micro-units per million tokens, or per compute hour. A bucket without a price falls back to none: usage in it
 * is unpriced. A model may have several entries: the one with the smallest `upToPromptTokens` that the call's prompt fits
 * into prices the whole call. `free` names what is priced 0 on purpose (local models, subscriptions, the scripted provider).
 */
export const rateCard = z.strictObject({
  currency: z.string().length(3),
  models: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      /** Largest prompt (input, cache read and cache writes together) that these prices hold for; absent: any. */
      upToPromptTokens: z.int().positive().optional(),
      perMillionTokens: z.strictObject({
        input: z.int().nonnegative(),
        output: z.int().nonnegative(),
        cacheRead: z.int().nonnegative().optional(),
        cacheWrite: z.int().nonnegative().optional(),
        /** Written into a cache that keeps it for an hour. */
        cacheWrite1h: z.int().nonnegative().optional(),
        reasoning: z.int().nonnegative().optional(),
      }),
    }),
  ),
  compute: z.array(z.strictObject({ resourceClass: z.string(), perHour: z.int().nonnegative() })),
  /** With `model`, that model only; otherwise everything of the provider. */
  free: z.array(z.strictObject({ provider: z.string(), model: z.string().optional(), reason: z.string() })),
});
export type RateCard = z.infer<typeof rateCard>;

/** Prices that hold from a date on. Versions are never edited: a new price is a new version. Stream `ratecard-default`. */
export const RateCardPublished = defineEvent({
  type: 'RateCardPublished',
  version: 1,
  schema: z.strictObject({
    version: z.int().positive(),
    effectiveFrom: timestamp,
    card: rateCard,
    /** The price list that it was made of, with its version; absent: it is the workspace's own, which wins from its date on. */
    source: z.string().optional(),
    publishedBy: actorSchema,
    publishedAt: timestamp,
  }),
});

/** Usage was priced. `amountMicroUnits` null means unpriced, which is not zero. Stream `charges-<run key>`. */
export const ChargeRecorded = defineEvent({
  type: 'ChargeRecorded',
  version: 1,
  schema: z.strictObject({
    chargeId: z.string(),
    usageId: z.string(),
    runId: z.string(),
    step: stepKey,
    attempt: z.int().positive(),
    kind: z.enum(['model', 'compute']),
    provider: z.string().optional(),
    model: z.string().optional(),
    resourceClass: z.string().optional(),
    amountMicroUnits: microUnits.nullable(),
    currency: z.string(),
    /** The rate card that priced it; null when none held at the time of use. */
    rateCardVersion: z.int().nullable(),
    note: z.string().optional(),
    usedAt: timestamp,
    chargedAt: timestamp,
  }),
});

/** A workspace is on this plan from now on; before the first, on the one that it was set up with. Stream `plan-<workspace key>`. */
export const PlanSet = defineEvent({
  type: 'PlanSet',
  version: 1,
  schema: z.strictObject({ workspaceId: z.string(), plan, setBy: actorSchema, setAt: timestamp }),
});

/**
 * A run has one of the starts that the workspace's plan allows on that day. Plans without a cap write none.
 * Stream `allowance-<workspace key>-<utc day>`.
 */
export const DailyRunReserved = defineEvent({
  type: 'DailyRunReserved',
  version: 1,
  schema: z.strictObject({
    workspaceId: z.string(),
    day: utcDay,
    runId: z.string(),
    /** The cap that it was held against, and how much of it is used with this run. */
    cap: z.int().nonnegative(),
    used: z.int().positive(),
    reservedAt: timestamp,
  }),
});

export const rateCardEvents = [RateCardPublished] as const;
export type RateCardEvent = EventOf<typeof rateCardEvents>;
export const chargeEvents = [ChargeRecorded] as const;
export type ChargeEvent = EventOf<typeof chargeEvents>;
export const planEvents = [PlanSet] as const;
export type PlanEvent = EventOf<typeof planEvents>;
export const allowanceEvents = [DailyRunReserved] as const;
export type AllowanceEvent = EventOf<typeof allowanceEvents>;
