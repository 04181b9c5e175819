import { budgetLimitEvents, BudgetSet } from '@runledger/contracts';
import type { BudgetLimitEvent } from '@runledger/contracts';
import { canonicalJson, type Decider, type Rejection } from '@runledger/kernel';
import { scopeKey } from './budget-scopes.js';

export type Limit = ReturnType<typeof BudgetSet>['data'];

export interface SetBudget {
  readonly type: 'SetBudget';
  readonly data: Limit;
}

/** What holds now, by scope, and since when each scope has been counted. */
export type BudgetLimits = ReadonlyMap<string, Limit & { readonly since: string }>;

/** How much one workspace may spend on what. Taking a limit away leaves its scope known: its spending is still counted. */
export const budgetLimits: Decider<SetBudget, BudgetLimits, BudgetLimitEvent, Rejection<never>> = {
  category: 'budget',
  events: budgetLimitEvents,
  initialState: () => new Map(),
  evolve: (limits, { data }) => {
    const key = scopeKey(data.scope);
    return new Map(limits).set(key, { ...data, since: limits.get(key)?.since ?? data.setAt });
  },
  decide: ({ data }, limits) => {
    const known = limits.get(scopeKey(data.scope));
    return known && canonicalJson(terms(known)) === canonicalJson(terms(data)) ? [] : [BudgetSet(data)];
  },
};

function terms({ limitMicroUnits, currency, unpriced, notifyAtPercent }: Limit) {
  return { limitMicroUnits, currency, unpriced, notifyAtPercent };
}
