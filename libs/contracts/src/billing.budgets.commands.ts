import { z } from 'zod';
import { budgetScope, unpricedUse } from './billing.budgets.events.js';
import { defineCommand } from './define-command.js';
import { microUnits, stepKey } from './values.js';

const id = z.string().max(300);

/** Says how much may be spent; the same again changes nothing. */
export const SetBudget = defineCommand({
  service: 'billing',
  name: 'SetBudget',
  input: z.strictObject({
    scope: budgetScope,
    limitMicroUnits: microUnits.nonnegative().nullable(),
    /** Left out: that of the workspace's rate card, which it has to be. */
    currency: z.string().length(3).optional(),
    unpriced: unpricedUse,
    notifyAtPercent: z.array(z.int().min(1).max(100)).max(10),
  }),
  output: z.strictObject({ budgetId: z.string(), currency: z.string() }),
  refusals: ['INVALID_BUDGET', 'RUN_NOT_FOUND'],
});

/** What something that is about to be used can cost at most. */
export const plannedUse = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('model'),
    provider: z.string(),
    model: z.string(),
    /** Not fewer than the prompt has. */
    inputTokens: z.int().nonnegative(),
    /** The limit that the call is made with; reasoning counts. */
    maxOutputTokens: z.int().nonnegative(),
    /** Some of the prompt is written into a cache that is kept for an hour, which costs more. */
    keepsForAnHour: z.literal(true).optional(),
    /** Why nobody can say how much it uses at most: it has no price before it was made. */
    unbounded: z.string().max(300).optional(),
  }),
  z.strictObject({ kind: z.literal('compute'), resourceClass: z.string(), milliseconds: z.int().nonnegative() }),
]);
export type PlannedUse = z.infer<typeof plannedUse>;

/**
 * Sets the most that a call can cost aside in every budget that holds for its run, before it is made (M1). The same call again
 * has what it has. `BUSY`: it would fit once other calls under way are settled; `final` makes that a refusal as well. `HELD`:
 * it does not fit; the run waits until there is room.
 */
export const ReserveBudget = defineCommand({
  service: 'billing',
  name: 'ReserveBudget',
  input: z.strictObject({
    /** The usage id that the call will be recorded under. */
    callId: id,
    runId: id,
    step: stepKey,
    attempt: z.int().positive(),
    use: plannedUse,
    final: z.boolean(),
  }),
  output: z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('GRANTED') }),
    z.strictObject({ status: z.literal('BUSY'), reason: z.string() }),
    z.strictObject({ status: z.literal('HELD'), reason: z.string() }),
  ]),
  refusals: [],
});

/** Gives back what was set aside for a call that the provider did not take. Anything else changes nothing. */
export const ReleaseBudget = defineCommand({
  service: 'billing',
  name: 'ReleaseBudget',
  input: z.strictObject({ callId: id, runId: id }),
  output: z.strictObject({}),
  refusals: [],
});

/** Says whether anything is left for another run of a flow, and changes nothing. */
export const CheckBudget = defineCommand({
  service: 'billing',
  name: 'CheckBudget',
  input: z.strictObject({ flowId: id }),
  output: z.strictObject({}),
  /** Its details name the budget. */
  refusals: ['BUDGET_EXHAUSTED'],
});
