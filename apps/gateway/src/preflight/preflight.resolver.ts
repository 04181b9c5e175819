import { Preflight, PriceUsage } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { neverRefused } from '../reads/never-refused.js';
import { ReadModels } from '../reads/read-models.js';
import { startCommand, type StartRunInput } from '../runs/start-input.js';
import { estimateNode } from './estimate.js';
import { expectedUsage } from './expected-usage.js';
import { preflightNode } from './preflight-nodes.js';
import { UsageHistories } from './usage-history.js';

@Resolver()
export class PreflightResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(UsageHistories) private readonly histories: UsageHistories,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('preflight')
  @Requires('flows.read')
  async preflight(
    @Args() { input, atLeast }: { readonly input: StartRunInput; readonly atLeast?: string | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const { output: report } = neverRefused(await this.desk.send(Preflight, startCommand(input), caller));
    const history = report.flow
      ? await this.histories.of(caller.workspaceId, report.flow.flowId)
      : { runs: 0, used: [] };
    const expectation = expectedUsage(report.steps, history);
    const usages = expectation.expected.map(({ usage }) => usage);
    const { output: prices } = neverRefused(await this.desk.send(PriceUsage, { usages }, caller));
    return preflightNode(report, caller, estimateNode(expectation, history.runs, prices));
  }
}
