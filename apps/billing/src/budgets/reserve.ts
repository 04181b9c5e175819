import { BudgetExceeded, BudgetReserved } from '@runledger/contracts';
import type { BudgetLedgerEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { LedgerRefusal, Reserve } from './ledger-commands.js';
import { ledgerName } from './budget-scopes.js';
import type { LedgerState } from './ledger-state.js';

/** What becomes of a call under one budget. `BUSY`: it fits once other calls are settled. */
export type Fit = 'FITS' | 'BUSY' | 'NO_ROOM' | 'UNPRICED';

/** Whether the most that a call can cost is left. What is spent stays spent; what is set aside may come back. */
export function fitOf({ amount, terms }: Pick<Reserve['data'], 'amount' | 'terms'>, state: LedgerState): Fit {
  if (amount === null) return terms.unpriced === 'ALLOW' ? 'FITS' : 'UNPRICED';
  if (amount === 0) return 'FITS';
  if (state.spent + amount > terms.limit) return 'NO_ROOM';
  return state.spent + state.reserved + amount > terms.limit ? 'BUSY' : 'FITS';
}

/** A call that does not fit is written down, so that its run waits for room and is found when there is some. */
export function reserve(data: Reserve['data'], state: LedgerState): readonly BudgetLedgerEvent[] | LedgerRefusal {
  const { ledger, call, amount, terms, at } = data;
  if (state.open.has(call.callId)) return [];
  const fit = fitOf(data, state);
  if (fit === 'BUSY' && !data.final)
    return reject('BUSY', `${reasonOf(data, state)} Calls under way may give some back.`, {
      fix: 'Wait for these calls, or raise the budget.',
    });
  if (fit !== 'FITS') return [exceeded(data, state, fit === 'UNPRICED' ? 'UNPRICED' : 'NO_ROOM')];
  if (amount === null || amount === 0) return [];
  return [BudgetReserved({ ledger, ...call, amountMicroUnits: amount, limitMicroUnits: terms.limit, reservedAt: at })];
}

/** Says what does not fit where, for people. */
export function reasonOf({ ledger, amount, terms, unbounded }: Reserve['data'], state: LedgerState): string {
  const where = ledgerName(ledger);
  if (amount === null && unbounded !== undefined) {
    return `${unbounded}: nobody can say what the next call costs at most, and ${where} refuses what it cannot count. Do without it, or let the budget allow unpriced use.`;
  }
  if (amount === null) {
    return `The next call has no price, and ${where} refuses what it cannot count. Price it, or let the budget allow unpriced use.`;
  }
  const left = amountText(availableIn(state, terms.limit), terms.currency);
  const limit = amountText(terms.limit, terms.currency);
  return `The next call may cost ${amountText(amount, terms.currency)}, and ${left} of ${limit} is left in ${where}.`;
}

function availableIn({ spent, reserved }: LedgerState, limit: number): number {
  return Math.max(0, limit - spent - reserved);
}

function exceeded(data: Reserve['data'], state: LedgerState, cause: 'NO_ROOM' | 'UNPRICED'): BudgetLedgerEvent {
  const { ledger, call, amount, terms, unbounded, rateCardVersion, at } = data;
  return BudgetExceeded({
    ledger,
    ...call,
    cause,
    message: reasonOf(data, state),
    neededMicroUnits: amount ?? 0,
    availableMicroUnits: availableIn(state, terms.limit),
    limitMicroUnits: terms.limit,
    currency: terms.currency,
    ...(cause === 'UNPRICED' && unbounded === undefined && { rateCardVersion }),
    exceededAt: at,
  });
}

/** Exact, with at least two decimals. */
export function amountText(microUnits: number, currency: string): string {
  const digits = String(microUnits).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6).replace(/0{1,4}$/, '')} ${currency}`;
}
