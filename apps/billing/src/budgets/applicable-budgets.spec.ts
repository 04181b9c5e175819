import { BudgetSet } from '@runledger/contracts';
import type { BudgetScope } from '@runledger/contracts';
import { applicableBudgets } from './applicable-budgets.js';
import { budgetLimits, type BudgetLimits } from './budget-limits.decider.js';

const spender = { workspaceId: 'ws_acme', runId: 'run_1', flowId: 'flow_ship' };
const run = { kind: 'RUN', runId: 'run_1' } as const;
const eachOfFlow = { kind: 'EACH_RUN', flowId: 'flow_ship' } as const;
const each = { kind: 'EACH_RUN' } as const;
const flow = { kind: 'FLOW', flowId: 'flow_ship' } as const;
const workspace = { kind: 'WORKSPACE' } as const;

/** Of as many micro-units as its place in the list. */
function limitsOf(...scopes: readonly BudgetScope[]): BudgetLimits {
  const set = scopes.map((scope, n) =>
    BudgetSet({
      ...{ budgetId: `bud_${n}`, scope, limitMicroUnits: n, currency: 'USD', unpriced: 'REFUSE', notifyAtPercent: [] },
      ...{ setBy: { kind: 'member', id: 'mem_ada' }, setAt: '2026-11-21T10:00:00.000Z' },
    }),
  );
  return set.reduce((limits, event) => budgetLimits.evolve(limits, event), budgetLimits.initialState());
}

const found = (limits: BudgetLimits, who: Parameters<typeof applicableBudgets>[1] = spender) =>
  applicableBudgets(limits, who, '2026-11').map(({ ledger, limit }) => [ledger, limit?.limitMicroUnits]);
const ofRun = { kind: 'RUN', id: 'run_1' };

describe('the budgets that hold for a run', () => {
  it('are its own, that of its flow and that of the workspace in this month, the narrowest first', () => {
    expect(found(limitsOf(workspace, flow, run))).toEqual([
      [ofRun, 2],
      [{ kind: 'FLOW', id: 'flow_ship', month: '2026-11' }, 1],
      [{ kind: 'WORKSPACE', id: 'ws_acme', month: '2026-11' }, 0],
    ]);
  });

  it('have what is said of this run before what is said of all runs of its flow, and that before what is said of all', () => {
    expect(found(limitsOf(each, eachOfFlow, run))).toEqual([[ofRun, 2]]);
    expect(found(limitsOf(each, eachOfFlow))).toEqual([[ofRun, 1]]);
    expect(found(limitsOf(each))).toEqual([[ofRun, 0]]);
  });

  it('are none of other runs and flows', () => {
    const others = [
      { ...run, runId: 'run_2' },
      { ...flow, flowId: 'flow_b' },
      { ...eachOfFlow, flowId: 'flow_b' },
    ];
    expect(found(limitsOf(...others))).toEqual([]);
    expect(found(limitsOf(eachOfFlow, flow), { ...spender, flowId: undefined })).toEqual([]);
    expect(found(limitsOf())).toEqual([]);
  });
});
