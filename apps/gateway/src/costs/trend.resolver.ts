import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { FlowReader } from '../flows/flow-reader.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { money } from '../graph/money.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { trendOf, type TrendPoint } from './cost-trend.js';
import { TrendReader } from './trend-reader.js';

const MOST = 200;

interface TrendArgs {
  readonly flowId: string;
  readonly last?: number | null;
  readonly atLeast?: string | null;
}

@Resolver()
export class TrendResolver {
  constructor(
    @Inject(TrendReader) private readonly reader: TrendReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(FlowReader) private readonly flows: FlowReader,
  ) {}

  @Query('costTrend')
  @Requires('billing.read')
  async costTrend(@Args() args: TrendArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const last = args.last ?? 30;
    if (last < 1 || last > MOST) {
      throw new RequestError('BAD_USER_INPUT', `last is from 1 to ${MOST}.`, 'Ask for fewer runs.');
    }
    const { runs, currency } = await this.reader.runs(caller.workspaceId, args.flowId, last);
    if (runs.length === 0 && !(await this.flows.find(caller.workspaceId, { flowId: args.flowId }))) {
      throw new RequestError('NOT_FOUND', 'There is no such flow.', 'Look at the list of flows.');
    }
    const points = trendOf(runs, last).map(point => pointNode(point, currency));
    return { flowId: args.flowId, points, regression: (points.at(-1)?.regressions.length ?? 0) > 0 };
  }
}

function pointNode({ run, cost, baseline, ceiling, regressions }: TrendPoint, currency: string) {
  const amount = (microUnits: number) => money(String(Math.round(microUnits)), currency);
  return {
    runId: run.runId,
    startedAt: run.startedAt,
    flowVersion: run.flowVersion,
    cost: amount(cost),
    baseline: baseline === undefined ? null : amount(baseline),
    ceiling: ceiling === undefined ? null : amount(ceiling),
    regressions: regressions.map(({ step, model, cost: now, baseline: usual, changes }) => ({
      step,
      model: model || null,
      cost: amount(now),
      baseline: amount(usual),
      changes,
    })),
  };
}
