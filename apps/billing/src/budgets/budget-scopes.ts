import type { BudgetLedger, BudgetScope } from '@runledger/contracts';
import { keyOf } from '@runledger/kernel';

/** Names a scope within its workspace. */
export function scopeKey(scope: BudgetScope): string {
  switch (scope.kind) {
    case 'RUN':
      return `run.${keyOf(scope.runId)}`;
    case 'EACH_RUN':
      return scope.flowId === undefined ? 'each-run' : `each-run.${keyOf(scope.flowId)}`;
    case 'FLOW':
      return `flow.${keyOf(scope.flowId)}`;
    case 'WORKSPACE':
      return 'workspace';
  }
}

/** Where it is said how much a workspace may spend on what. */
export function limitsStream(workspaceId: string): string {
  return `budget-limits-${keyOf(workspaceId)}`;
}

/** Where the spending of one run, or of a flow or the workspace in one month, is counted. */
export function ledgerStream({ kind, id, month }: BudgetLedger): string {
  const name = `budget-${kind.toLowerCase()}-${keyOf(id)}`;
  return month === undefined ? name : `${name}-${month}`;
}

/** The UTC month of an instant, `2026-11`. */
export function utcMonthOf(instant: string): string {
  return new Date(Date.parse(instant)).toISOString().slice(0, 7);
}

/** When a UTC month begins, in ms. */
export function beginOf(month: string): number {
  return Date.parse(`${month}-01T00:00:00.000Z`);
}

/** As a person would say it. */
export function ledgerName({ kind, month }: BudgetLedger): string {
  if (kind === 'RUN') return 'the budget of this run';
  return `the budget of ${kind === 'FLOW' ? 'its flow' : 'the workspace'} for ${month ?? 'all time'}`;
}
