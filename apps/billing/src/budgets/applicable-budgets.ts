import type { BudgetLedger } from '@runledger/contracts';
import type { BudgetLimits, Limit } from './budget-limits.decider.js';
import type { LedgerTerms } from './ledger-commands.js';
import { scopeKey } from './budget-scopes.js';

/** Whose spending it is. */
export interface Spender {
  readonly workspaceId: string;
  readonly runId: string;
  readonly flowId: string | undefined;
}

/** A ledger that a spender's charges are counted in. Without a limit nothing is held against it. */
export interface ApplicableBudget {
  readonly ledger: BudgetLedger;
  readonly limit: Limit | undefined;
  /** Since when its charges are added to it one by one. */
  readonly since: string;
}

/** The budgets of a run in a month, the narrowest first. A ledger is kept for good once anything was said of it. */
export function applicableBudgets(limits: BudgetLimits, spender: Spender, month: string): ApplicableBudget[] {
  const { workspaceId, runId, flowId } = spender;
  if (limits.size === 0) return [];
  const own = limits.get(scopeKey({ kind: 'RUN', runId }));
  const flows = flowId === undefined ? undefined : limits.get(scopeKey({ kind: 'EACH_RUN', flowId }));
  const everyRun = limits.get(scopeKey({ kind: 'EACH_RUN' }));
  const ofFlow = flowId === undefined ? undefined : limits.get(scopeKey({ kind: 'FLOW', flowId }));
  const ofWorkspace = limits.get(scopeKey({ kind: 'WORKSPACE' }));
  return [
    ...entry({ kind: 'RUN', id: runId }, own ?? flows ?? everyRun),
    ...(flowId === undefined ? [] : entry({ kind: 'FLOW', id: flowId, month }, ofFlow)),
    ...entry({ kind: 'WORKSPACE', id: workspaceId, month }, ofWorkspace),
  ];
}

/** What a ledger is held against; undefined: nothing. */
export function termsOf(limit: Limit | undefined): LedgerTerms | undefined {
  if (!limit || limit.limitMicroUnits === null) return undefined;
  return { limit: limit.limitMicroUnits, currency: limit.currency, unpriced: limit.unpriced };
}

function entry(ledger: BudgetLedger, limit: (Limit & { readonly since: string }) | undefined): ApplicableBudget[] {
  return limit ? [{ ledger, limit, since: limit.since }] : [];
}
