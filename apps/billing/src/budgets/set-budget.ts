import { createHash } from 'node:crypto';
import type { InputOf, OutputOf, RefusalOf, SetBudget } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { idOf, reject } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { RateCards } from '../rate-cards/rate-cards.js';
import { applicableBudgets } from './applicable-budgets.js';
import type { ApplicableBudget } from './applicable-budgets.js';
import type { BudgetDesk } from './budget-desk.js';
import { budgetLimits } from './budget-limits.decider.js';
import { limitsStream, scopeKey, utcMonthOf } from './budget-scopes.js';

type Asked = InputOf<typeof SetBudget>;
type Outcome = CommandOutcome<OutputOf<typeof SetBudget>, RefusalOf<typeof SetBudget>>;

/** Answers `SetBudget`: from the answer on it holds, with everything counted that was spent before. */
export class BudgetSetter {
  constructor(
    private readonly desk: BudgetDesk,
    private readonly handler: CommandHandler,
    private readonly rateCards: RateCards,
  ) {}

  async set(asked: Asked, context: CommandContext): Promise<Outcome> {
    const { workspaceId, actor, occurredAt } = context;
    const { currency } = await this.rateCards.inForce(workspaceId, occurredAt);
    if (asked.currency !== undefined && asked.currency !== currency) return otherCurrency(asked.currency, currency);
    const { scope, limitMicroUnits, unpriced, notifyAtPercent } = asked;
    const flowId = scope.kind === 'RUN' ? await this.desk.flows.flowOf(workspaceId, scope.runId) : undefined;
    if (scope.kind === 'RUN' && flowId === undefined) return noSuchRun();
    const named = 'flowId' in scope ? scope.flowId : undefined;
    if (named !== undefined && !(await this.desk.flows.isFlow(workspaceId, named))) return noSuchFlow(named);
    const budgetId = idOf(
      'bud',
      createHash('sha256')
        .update(`${workspaceId} ${scopeKey(scope)}`)
        .digest('hex')
        .slice(0, 32),
    );
    const percents = [...new Set(notifyAtPercent)].sort((a, b) => a - b);
    const set = {
      scope,
      limitMicroUnits,
      unpriced,
      notifyAtPercent: percents,
      currency,
      setBy: actor,
      setAt: occurredAt,
    };
    const command = { type: 'SetBudget', data: { budgetId, ...set } } as const;
    const outcome = await this.handler.handle(budgetLimits, limitsStream(workspaceId), command, context);
    if (outcome.status === 'refused') throw new TypeError('A limit is never refused.');
    await this.#takeEffect(asked.scope, context);
    return { status: 'accepted', output: { budgetId, currency }, position: outcome.position };
  }

  /** Counts what was spent before, and lets runs go on that were held by what holds no more. */
  async #takeEffect(scope: Asked['scope'], context: CommandContext): Promise<void> {
    for (const budget of await this.#concerned(scope, context)) {
      const state = await this.desk.book.load(context.workspaceId, budget.ledger);
      if (state.countedTo === undefined) await this.desk.book.open(budget, context);
      else await this.desk.book.freeHeld(budget, state, context);
    }
  }

  /** Runs that are held by the budget of each run are not looked for: they are resumed by whoever wants them to go on. */
  async #concerned(scope: Asked['scope'], { workspaceId, occurredAt }: CommandContext): Promise<ApplicableBudget[]> {
    if (scope.kind === 'EACH_RUN') return [];
    const limits = await this.desk.limits(workspaceId);
    const runId = scope.kind === 'RUN' ? scope.runId : '';
    const flowId = scope.kind === 'FLOW' ? scope.flowId : undefined;
    const all = applicableBudgets(limits, { workspaceId, runId, flowId }, utcMonthOf(occurredAt));
    return all.filter(({ ledger }) => ledger.kind === scope.kind);
  }
}

function otherCurrency(asked: string, currency: string): Outcome {
  const message = `This workspace is charged in ${currency}, not in ${asked}.`;
  return { status: 'refused', refusal: reject('INVALID_BUDGET', message, { fix: `Give the limit in ${currency}.` }) };
}

function noSuchRun(): Outcome {
  return {
    status: 'refused',
    refusal: reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' }),
  };
}

/** A limit for a flow that is not there would hold for nothing, and nobody would notice. */
function noSuchFlow(flowId: string): Outcome {
  const fix = 'Take its id, `flow_…`, from the list of flows; a slug is none.';
  const message = `There is no flow with the id ${flowId.slice(0, 100)}.`;
  return { status: 'refused', refusal: reject('INVALID_BUDGET', message, { fix }) };
}
