import { budgetLedgerEvents, budgetLimitEvents } from '@runledger/contracts';
import type { BudgetLedger, BudgetLedgerEvent, BudgetLimitEvent, BudgetSet } from '@runledger/contracts';
import { defineView } from '@runledger/projections';
import { together } from '../reads/composite-projection.js';
import { keyIn } from '../reads/row-key.js';

export type BudgetView = ReturnType<typeof BudgetSet>['data'] & { readonly workspaceId: string };

/** What was told of a budget when so much of it was spent. */
export interface ThresholdView {
  readonly percent: number;
  readonly spentMicroUnits: number;
  readonly limitMicroUnits: number;
  readonly at: string;
}

export interface LedgerView {
  readonly workspaceId: string;
  readonly ledger: BudgetLedger;
  /** Micro-units. */
  readonly spent: number;
  readonly reserved: number;
  readonly thresholds: readonly ThresholdView[];
  /** Runs that wait for room, the longest first. */
  readonly held: readonly string[];
  /** Of the last event folded in, decimal. */
  readonly position: string;
}

const budgets = defineView<BudgetView, BudgetLimitEvent>({
  name: 'budget-limits',
  version: 1,
  table: 'budgets',
  types: budgetLimitEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.budgetId),
  evolve: (_view, event) => ({ ...event.data, workspaceId: event.tenant }),
  columns: view => ({ workspace_id: view.workspaceId }),
});

const ledgers = defineView<LedgerView, BudgetLedgerEvent>({
  name: 'budget-ledgers',
  version: 1,
  table: 'budget_ledgers',
  types: budgetLedgerEvents.map(event => event.type),
  key: event => keyIn(event.tenant, ledgerKey(event.data.ledger)),
  evolve: (view, event) => {
    const before = view ?? emptyLedger(event.tenant, event.data.ledger);
    // Amounts are added up: an event that comes again has been added (R1).
    if (event.position <= BigInt(before.position)) return before;
    return { ...evolved(before, event), position: event.position.toString() };
  },
  columns: view => ({ workspace_id: view.workspaceId }),
});

/** Limits and what is spent of them. Run whole: one ledger has events of many runs. */
export const budgetsProjection = together('budgets', 1, [budgets, ledgers]);

export function ledgerKey({ kind, id, month }: BudgetLedger): string {
  return [kind, id, month ?? ''].join('/');
}

function emptyLedger(workspaceId: string, ledger: BudgetLedger): LedgerView {
  return { workspaceId, ledger, spent: 0, reserved: 0, thresholds: [], held: [], position: '0' };
}

function evolved(view: LedgerView, event: BudgetLedgerEvent): LedgerView {
  switch (event.type) {
    case 'BudgetOpened':
      return { ...view, spent: event.data.spentMicroUnits };
    case 'BudgetReserved':
      return { ...view, reserved: view.reserved + event.data.amountMicroUnits };
    case 'BudgetReleased':
      return { ...view, reserved: view.reserved - event.data.amountMicroUnits };
    case 'BudgetSettled': {
      const { amountMicroUnits, reservedMicroUnits } = event.data;
      return { ...view, spent: view.spent + amountMicroUnits, reserved: view.reserved - reservedMicroUnits };
    }
    case 'BudgetExceeded':
      return { ...view, held: [...view.held.filter(runId => runId !== event.data.runId), event.data.runId] };
    case 'BudgetFreed':
      return { ...view, held: view.held.filter(runId => runId !== event.data.runId) };
    case 'BudgetThresholdReached': {
      const { percent, spentMicroUnits, limitMicroUnits, reachedAt: at } = event.data;
      return { ...view, thresholds: [...view.thresholds, { percent, spentMicroUnits, limitMicroUnits, at }] };
    }
  }
}
