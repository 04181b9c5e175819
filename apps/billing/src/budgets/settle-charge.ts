import type { ChargeRecorded } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { CommandContext } from '@runledger/event-store';
import { termsOf } from './applicable-budgets.js';
import type { ApplicableBudget } from './applicable-budgets.js';
import { mayBeOfLastMonth } from './budget-desk.js';
import type { BudgetDesk } from './budget-desk.js';
import { unexpected } from './ledger-book.js';

type Charge = ReturnType<typeof ChargeRecorded>['data'];

/**
 * Counts a charge in every budget of its run, in the place of what was set aside for it. A call counts in the month in which it
 * was set aside: what is made at the turn of a month was held against the month before.
 */
export async function settleCharge(
  desk: BudgetDesk,
  charge: Charge,
  { position, context }: { readonly position: bigint; readonly context: CommandContext },
): Promise<void> {
  const { workspaceId } = context;
  const used = { workspaceId, occurredAt: charge.usedAt };
  const early = charge.kind === 'compute' || mayBeOfLastMonth(charge.usedAt);
  const budgets = await desk.counted(charge.runId, used, early ? 'also last month' : 'this month');
  for (const budget of await chosen(desk, budgets, charge, workspaceId)) {
    const data = {
      ledger: budget.ledger,
      chargeId: charge.chargeId,
      callId: charge.usageId,
      runId: charge.runId,
      amount: charge.amountMicroUnits,
      position,
      terms: termsOf(budget.limit),
      notifyAtPercent: budget.limit?.notifyAtPercent ?? [],
      at: context.occurredAt,
    };
    // Of the charge and not of the report: usage that is reported twice is charged once, and so is it settled (M1).
    const once = { ...context, commandId: derivedId(charge.chargeId, 'charge', 0) };
    const outcome = await desk.book.send(budget, { type: 'Settle', data }, { context: once, purpose: 'settle' });
    if (outcome.status === 'refused') throw unexpected(outcome.refusal);
    await desk.book.freeHeld(budget, outcome.state, context);
  }
}

/** Of two months of one budget the one that has something set aside for it, else the one of its time. */
async function chosen(
  desk: BudgetDesk,
  budgets: readonly ApplicableBudget[],
  { usageId }: Charge,
  workspaceId: string,
): Promise<ApplicableBudget[]> {
  const byScope = new Map<string, ApplicableBudget>();
  for (const budget of budgets) {
    const { kind } = budget.ledger;
    if (!byScope.has(kind)) byScope.set(kind, budget);
    else if ((await desk.book.load(workspaceId, budget.ledger)).open.has(usageId)) byScope.set(kind, budget);
  }
  return [...byScope.values()];
}
