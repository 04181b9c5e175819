import { money } from '../graph/money.js';
import { actorNode } from '../graph/nodes.js';
import type { StandingBudget } from './budget-reader.js';

export function budgetNode(found: StandingBudget) {
  const { budget, ledger } = found;
  const { budgetId, scope, limitMicroUnits, currency, unpriced, notifyAtPercent, setBy, setAt } = budget;
  return {
    __typename: 'Budget' as const,
    id: budgetId,
    scope: scope.kind,
    scopeId: scope.kind === 'RUN' ? scope.runId : scope.kind === 'WORKSPACE' ? null : (scope.flowId ?? null),
    limit: limitMicroUnits === null ? null : money(String(limitMicroUnits), currency),
    unpriced,
    notifyAtPercent,
    setBy: actorNode(setBy),
    setAt,
    standing: ledger ? standingNode(found) : null,
  };
}

/** A ledger that nothing was written into yet stands at zero. */
export function standingNode({ budget, ledger, view }: StandingBudget) {
  const { currency, limitMicroUnits } = budget;
  const { spent, reserved, thresholds, held } = view ?? { spent: 0, reserved: 0, thresholds: [], held: [] };
  const available = limitMicroUnits === null ? null : Math.max(0, limitMicroUnits - spent - reserved);
  return {
    month: ledger?.month ?? null,
    spent: money(String(spent), currency),
    reserved: money(String(reserved), currency),
    available: available === null ? null : money(String(available), currency),
    thresholds: thresholds.map(({ percent, spentMicroUnits, limitMicroUnits: limit, at }) => ({
      percent,
      spent: money(String(spentMicroUnits), currency),
      limit: money(String(limit), currency),
      at,
    })),
    heldRuns: held,
  };
}
