import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { artifactNode } from '../artifacts/artifact-nodes.js';
import { FlowReader } from '../flows/flow-reader.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { positionOf } from '../graph/position-text.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { PastRuns } from './past/past-runs.js';
import { requestNode } from './request-nodes.js';
import { actionsFor } from './run-actions.js';
import { RunDetailsReader } from './run-details-reader.js';
import { costNode, type RunNode } from './run-nodes.js';
import { RunReader, type RunFilter, type RunsAsked } from './run-reader.js';
import { artifactsOfRun } from './step-artifacts.js';

interface RunsArgs extends PageArgs {
  readonly filter?: RunFilter | null;
  readonly sort?: { readonly by: RunsAsked['by']; readonly direction?: RunsAsked['direction'] | null } | null;
  readonly atLeast?: string | null;
}

interface RunArgs {
  readonly id: string;
  readonly asOf?: string | null;
  readonly atLeast?: string | null;
}

interface TranscriptArgs extends PageArgs {
  readonly step?: string | null;
  readonly attempt?: number | null;
}

@Resolver('Run')
export class RunsResolver {
  constructor(
    @Inject(RunReader) private readonly reader: RunReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(PastRuns) private readonly past: PastRuns,
  ) {}

  @Query('runs')
  @Requires('flows.read')
  async runs(@Args() args: RunsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    return this.reader.page(caller.workspaceId, {
      filter: args.filter ?? {},
      by: args.sort?.by ?? 'STARTED_AT',
      direction: args.sort?.direction ?? 'DESC',
      ...pageAsked(args, 50),
    });
  }

  @Query('run')
  @Requires('flows.read')
  async run(@Args() args: RunArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const run = await this.reader.find(caller.workspaceId, args.id);
    if (!run) throw new RequestError('NOT_FOUND', 'There is no such run.', 'Look at the list of runs.');
    return args.asOf == null ? run : this.past.run(caller, run, positionOf(args.asOf));
  }
}

@Resolver('Run')
export class RunFieldsResolver {
  constructor(
    @Inject(FlowReader) private readonly flows: FlowReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(RunDetailsReader) private readonly details: RunDetailsReader,
  ) {}

  @ResolveField('flow')
  flow(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    return this.flows.flow(this.loaders.of(context), view.flowId, BigInt(view.position));
  }

  @ResolveField('flowVersion')
  flowVersion(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    const place = { flowId: view.flowId, version: view.flowVersion };
    return this.flows.version(this.loaders.of(context), place, BigInt(view.position));
  }

  @ResolveField('availableActions')
  availableActions(@Parent() { view, past }: RunNode, @Context() context: GraphContext) {
    return past ? [] : actionsFor(view, callerOf(context));
  }

  @ResolveField('lineage')
  lineage(@Parent() run: RunNode) {
    return run;
  }

  @ResolveField('transcript')
  transcript(@Parent() run: RunNode, @Args() args: TranscriptArgs, @Context() context: GraphContext) {
    const { step, attempt } = args;
    const asked = { step: step ?? undefined, attempt: attempt ?? undefined, ...pageAsked(args, 100) };
    return this.details.of(run, context).transcript(asked);
  }

  @ResolveField('approvals')
  async approvals(@Parent() run: RunNode, @Context() context: GraphContext) {
    const found = await this.details.of(run, context).approvals();
    return found.map(view => requestNode(run, view, callerOf(context)));
  }

  @ResolveField('artifacts')
  async artifacts(
    @Parent() run: RunNode,
    @Args('step') step: string | null | undefined,
    @Context() context: GraphContext,
  ) {
    const found = await artifactsOfRun(this.details.of(run, context), run.id);
    return found.filter(row => step == null || row.step === step).map(artifactNode);
  }

  @ResolveField('cost')
  cost(@Parent() run: RunNode, @Context() context: GraphContext) {
    const { costs, flowId } = run.view;
    return { runId: run.id, flowId, ...costNode(costs, () => this.details.of(run, context).costs()) };
  }
}
