import { BudgetSet } from '@runledger/contracts';
import type { BudgetScope } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { budgetLimits, type Limit } from './budget-limits.decider.js';

const given = specify(budgetLimits);
const [at, later] = ['2026-11-21T10:00:00.000Z', '2026-11-22T10:00:00.000Z'];
const workspace: BudgetScope = { kind: 'WORKSPACE' };

function limit(more: Partial<Limit> = {}): Limit {
  const terms = { limitMicroUnits: 100, currency: 'USD', unpriced: 'REFUSE', notifyAtPercent: [50] } as const;
  return {
    ...{ budgetId: 'bud_1', scope: workspace, ...terms, notifyAtPercent: [50] },
    ...{ setBy: { kind: 'member', id: 'mem_ada' }, setAt: at, ...more },
  };
}
const set = (data: Limit) => ({ type: 'SetBudget', data }) as const;

describe('how much a workspace may spend on what', () => {
  it('is said once: whoever says it again changes nothing', () => {
    given().when(set(limit())).thenEmits(BudgetSet(limit()));
    given(BudgetSet(limit()))
      .when(set(limit({ setAt: later })))
      .thenNothing();
  });

  it.each<Partial<Limit>>([
    { limitMicroUnits: 101 },
    { limitMicroUnits: null },
    { currency: 'EUR' },
    { unpriced: 'ALLOW' },
    { notifyAtPercent: [50, 80] },
    { scope: { kind: 'FLOW', flowId: 'flow_ship' } },
  ])('is said anew with %j', change => {
    const changed = limit({ ...change, setAt: later });
    given(BudgetSet(limit())).when(set(changed)).thenEmits(BudgetSet(changed));
  });

  it('is counted from the first time that anything was said of it, also while nothing limits it', () => {
    const [none, again] = [limit({ limitMicroUnits: null, setAt: later }), limit({ limitMicroUnits: 7, setAt: later })];
    const said = [limit(), none, again].map(data => BudgetSet(data));
    const state = said.reduce((limits, event) => budgetLimits.evolve(limits, event), budgetLimits.initialState());
    expect([...state.values()]).toEqual([{ ...again, since: at }]);
  });
});
