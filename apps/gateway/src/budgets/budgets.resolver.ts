import { SetBudget, type BudgetScope, type UnpricedUse } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { budgetNode, standingNode } from './budget-nodes.js';
import { BudgetReader } from './budget-reader.js';

interface BudgetInput {
  readonly scope: BudgetScope['kind'];
  readonly id?: string | null;
  readonly limitMicroUnits?: string | null;
  readonly currency?: string | null;
  readonly unpriced: UnpricedUse;
  readonly notifyAtPercent: number[];
}

@Resolver('Budget')
export class BudgetsResolver {
  constructor(
    @Inject(BudgetReader) private readonly reader: BudgetReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('budgets')
  @Requires('billing.read')
  async budgets(@Args('atLeast') atLeast: string | null | undefined, @Context() context: GraphContext) {
    await this.readModels.atLeast(atLeast, context);
    return (await this.reader.all(callerOf(context).workspaceId)).map(budgetNode);
  }

  @Mutation('setBudget')
  @Requires('billing.manage')
  async setBudget(@Args('input') input: BudgetInput, @CallerOf() caller: Caller) {
    const { currency, unpriced, notifyAtPercent } = input;
    const command = {
      scope: scopeOf(input),
      limitMicroUnits: input.limitMicroUnits == null ? null : Number(input.limitMicroUnits),
      ...(currency == null ? {} : { currency }),
      unpriced,
      notifyAtPercent,
    };
    const outcome = await this.desk.send(SetBudget, command, caller);
    if (outcome.status === 'refused') return refusalNode('BudgetRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['budgets']);
    const found = await this.reader.one(caller.workspaceId, outcome.output.budgetId);
    if (!found)
      throw new RequestError('READ_MODEL_BEHIND', 'The budget is set, but cannot be shown yet.', 'Ask again.');
    return budgetNode(found);
  }
}

/** What a run's own budget says beside what it cost. */
@Resolver('CostBreakdown')
export class RunBudgetResolver {
  constructor(@Inject(BudgetReader) private readonly reader: BudgetReader) {}

  @ResolveField('reserved')
  async reserved(@Parent() cost: CostOfRun, @Context() context: GraphContext) {
    return (await this.#standing(cost, context))?.reserved ?? null;
  }

  @ResolveField('budget')
  async budget(@Parent() cost: CostOfRun, @Context() context: GraphContext) {
    return (await this.#standing(cost, context)) ?? null;
  }

  async #standing({ runId, flowId }: CostOfRun, context: GraphContext) {
    const found = await this.reader.ofRun(callerOf(context).workspaceId, runId, flowId);
    return found && standingNode(found);
  }
}

interface CostOfRun {
  readonly runId: string;
  readonly flowId: string;
}

function scopeOf({ scope: kind, id }: BudgetInput): BudgetScope {
  switch (kind) {
    case 'RUN':
      return { kind, runId: needed(id, 'run_…') };
    case 'FLOW':
      return { kind, flowId: needed(id, 'flow_…') };
    case 'EACH_RUN':
      return id == null ? { kind } : { kind, flowId: id };
    case 'WORKSPACE':
      return { kind };
  }
}

function needed(id: string | null | undefined, what: string): string {
  if (id != null) return id;
  throw new RequestError('BAD_USER_INPUT', 'This budget holds for one thing.', `Say which: \`id\` takes \`${what}\`.`);
}
