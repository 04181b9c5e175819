import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { money } from '../graph/money.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { joined, NO_COST, type CostSum } from '../runs/cost-sums.js';
import { amountOf } from '../runs/run-nodes.js';
import { rangeOf } from '../reads/range-of.js';
import type { CostDimension, CostFilter } from './cost-question.js';
import { CostReader, type CostGroup } from './cost-reader.js';
import { TodaysPrices } from './todays-prices.js';

interface CostsArgs {
  readonly range: { readonly from: string; readonly to: string };
  readonly groupBy: readonly CostDimension[];
  readonly filter?: CostFilter | null;
  readonly prices: 'AS_CHARGED' | 'TODAY';
  readonly first?: number | null;
  readonly atLeast?: string | null;
}

const MOST_ROWS = 200;

@Resolver()
export class CostsResolver {
  constructor(
    @Inject(CostReader) private readonly reader: CostReader,
    @Inject(TodaysPrices) private readonly today: TodaysPrices,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('costs')
  @Requires('billing.read')
  async costs(@Args() args: CostsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const { groupBy, prices, first } = args;
    if (first != null && (first < 1 || first > MOST_ROWS)) {
      throw new RequestError(
        'BAD_USER_INPUT',
        `first is from 1 to ${MOST_ROWS}.`,
        'Ask for fewer rows, or for the CSV.',
      );
    }
    const question = {
      workspaceId: caller.workspaceId,
      range: rangeOf(args.range),
      groupBy: [...new Set(groupBy)],
      filter: args.filter ?? {},
    };
    const groups = prices === 'TODAY' ? await this.today.groups(question, caller) : await this.reader.groups(question);
    return { ...reportOf(groups, question.groupBy, first ?? 200), prices };
  }

  @Query('unpriced')
  @Requires('billing.read')
  async unpriced(
    @Args() { range, atLeast }: Pick<CostsArgs, 'range' | 'atLeast'>,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const found = await this.reader.unpriced(caller.workspaceId, rangeOf(range));
    return found.map(row => ({
      provider: row.provider || null,
      model: row.model || null,
      resourceClass: row.resource_class || null,
      reason: row.note,
      charges: row.charges,
      runs: row.runs,
      lastUsedAt: row.last_used_at.toISOString(),
    }));
  }
}

function reportOf(groups: readonly CostGroup[], dimensions: readonly CostDimension[], first: number) {
  const total = groups.reduce((sum, group) => joined(sum, group.sum), NO_COST);
  const dearest = [...groups].sort((a, b) => compare(weight(b.sum), weight(a.sum)));
  return {
    total: amountOf(total),
    amounts: Object.entries(total.amounts).map(([currency, amount]) => money(amount, currency)),
    unpriced: total.unpriced > 0,
    charges: total.charges,
    rows: dearest.slice(0, first).map(({ keys, sum }) => ({
      keys: keys.map((value, at) => ({ dimension: dimensions[at], value })),
      cost: amountOf(sum),
      unpriced: sum.unpriced > 0,
      charges: sum.charges,
    })),
    truncated: dearest.length > first,
  };
}

function weight({ amounts }: CostSum): bigint {
  return Object.values(amounts).reduce((sum, amount) => sum + BigInt(amount), 0n);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
