import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, microUnits, stepKey, timestamp } from './values.js';

const amount = microUnits.nonnegative();

/**
 * What a budget holds for. `RUN`: this run, whatever else is said of runs. `EACH_RUN`: every run of the flow, or of the
 * workspace when no flow is named, each for itself. `FLOW` and `WORKSPACE`: everything together, in each UTC month anew.
 */
export const budgetScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('RUN'), runId: z.string().max(200) }),
  z.strictObject({ kind: z.literal('EACH_RUN'), flowId: z.string().max(200).optional() }),
  z.strictObject({ kind: z.literal('FLOW'), flowId: z.string().max(200) }),
  z.strictObject({ kind: z.literal('WORKSPACE') }),
]);
export type BudgetScope = z.infer<typeof budgetScope>;

/** Whether a call that has no price may be made under a budget. What it costs is then in no sum. */
export const unpricedUse = z.enum(['REFUSE', 'ALLOW']);
export type UnpricedUse = z.infer<typeof unpricedUse>;

/** What one budget has been spent on: one run, or a flow or the workspace in one UTC month. */
export const budgetLedger = z.strictObject({
  kind: z.enum(['RUN', 'FLOW', 'WORKSPACE']),
  /** Of the run, the flow or the workspace. */
  id: z.string(),
  /** The UTC month, `2026-11`; runs have none. */
  month: z
    .string()
    .regex(/^\d{4}-\d{2}$/)
    .optional(),
});
export type BudgetLedger = z.infer<typeof budgetLedger>;

/** Someone said how much may be spent. The latest for a scope holds. Stream `budget-limits-<workspace key>`. */
export const BudgetSet = defineEvent({
  type: 'BudgetSet',
  version: 1,
  schema: z.strictObject({
    budgetId: z.string(),
    scope: budgetScope,
    /** Null: nothing limits it any more; what is spent is still counted. */
    limitMicroUnits: amount.nullable(),
    currency: z.string(),
    unpriced: unpricedUse,
    /** Of the limit; each is told of once a period. */
    notifyAtPercent: z.array(z.int().min(1).max(100)),
    setBy: actorSchema,
    setAt: timestamp,
  }),
});

/** From now on spending is counted here. Stream `budget-run-<run key>`, `budget-flow-<flow key>-<month>`, `budget-workspace-<key>-<month>`. */
export const BudgetOpened = defineEvent({
  type: 'BudgetOpened',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    /** The charges of the period up to `countedTo`, a position of the log; later ones are added one by one. */
    spentMicroUnits: amount,
    countedTo: z.string(),
    openedAt: timestamp,
  }),
});

/** The most that a call can cost is set aside for it before it is made (M1). */
export const BudgetReserved = defineEvent({
  type: 'BudgetReserved',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    callId: z.string(),
    runId: z.string(),
    step: stepKey,
    attempt: z.int().positive(),
    amountMicroUnits: amount,
    /** What it was held against. */
    limitMicroUnits: amount,
    reservedAt: timestamp,
  }),
});

/** Something was charged: what was set aside for it is free again, and what it cost is spent. */
export const BudgetSettled = defineEvent({
  type: 'BudgetSettled',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    chargeId: z.string(),
    callId: z.string(),
    runId: z.string(),
    /** What counts as spent. */
    amountMicroUnits: amount,
    /** What had been set aside for it; 0: nothing. */
    reservedMicroUnits: amount,
    /** True when the charge has no price: then what was set aside counts, because nobody knows better. */
    assumed: z.boolean(),
    settledAt: timestamp,
  }),
});

/** What was set aside is free again, because the call was not made or its attempt is over. */
export const BudgetReleased = defineEvent({
  type: 'BudgetReleased',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    callIds: z.array(z.string()).min(1),
    runId: z.string(),
    amountMicroUnits: amount,
    /** `NOT_MADE`: the provider did not take it. `NO_ROOM_ELSEWHERE`: another budget refused it. `ATTEMPT_ENDED`: nothing of it follows. */
    reason: z.enum(['NOT_MADE', 'NO_ROOM_ELSEWHERE', 'ATTEMPT_ENDED']),
    releasedAt: timestamp,
  }),
});

/** A call does not fit and is not made: its run is held until there is room. */
export const BudgetExceeded = defineEvent({
  type: 'BudgetExceeded',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    callId: z.string(),
    runId: z.string(),
    step: stepKey,
    attempt: z.int().positive(),
    /** `UNPRICED`: nobody knows what it would cost, and the budget wants to know. */
    cause: z.enum(['NO_ROOM', 'UNPRICED']),
    message: z.string(),
    neededMicroUnits: amount,
    availableMicroUnits: amount,
    limitMicroUnits: amount,
    currency: z.string(),
    /** `UNPRICED` by this version of the rate card, null without one; left out where no price would help. */
    rateCardVersion: z.int().positive().nullable().optional(),
    exceededAt: timestamp,
  }),
});

/** There is room again for a run that was held. */
export const BudgetFreed = defineEvent({
  type: 'BudgetFreed',
  version: 1,
  schema: z.strictObject({ ledger: budgetLedger, runId: z.string(), freedAt: timestamp }),
});

/** So much of a budget is spent. Said once for each percentage in a period. */
export const BudgetThresholdReached = defineEvent({
  type: 'BudgetThresholdReached',
  version: 1,
  schema: z.strictObject({
    ledger: budgetLedger,
    percent: z.int().min(1).max(100),
    spentMicroUnits: amount,
    limitMicroUnits: amount,
    currency: z.string(),
    reachedAt: timestamp,
  }),
});

export const budgetLimitEvents = [BudgetSet] as const;
export type BudgetLimitEvent = EventOf<typeof budgetLimitEvents>;
export const budgetLedgerEvents = [
  BudgetOpened,
  BudgetReserved,
  BudgetSettled,
  BudgetReleased,
  BudgetExceeded,
  BudgetFreed,
  BudgetThresholdReached,
] as const;
export type BudgetLedgerEvent = EventOf<typeof budgetLedgerEvents>;
export const budgetEvents = [...budgetLimitEvents, ...budgetLedgerEvents] as const;
export type BudgetEvent = EventOf<typeof budgetEvents>;
