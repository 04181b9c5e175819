import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { approvalNode } from '../approvals/approval-nodes.js';
import { artifactNode } from '../artifacts/artifact-nodes.js';
import { FlowReader } from '../flows/flow-reader.js';
import { pageAsked, pageSize } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { TranscriptReader } from '../transcript/transcript-reader.js';
import { actionsFor } from './run-actions.js';
import { costNode, type RunNode } from './run-nodes.js';
import { RunReader, type RunFilter, type RunsAsked } from './run-reader.js';
import { artifactsOfRun } from './step-artifacts.js';
import { StepReader } from './step-reader.js';

interface RunsArgs {
  readonly filter?: RunFilter | null;
  readonly sort?: { readonly by: RunsAsked['by']; readonly direction?: RunsAsked['direction'] | null } | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly atLeast?: string | null;
}

interface TranscriptArgs {
  readonly step?: string | null;
  readonly attempt?: number | null;
  readonly after?: string | null;
  readonly first?: number | null;
  readonly before?: string | null;
  readonly last?: number | null;
}

@Resolver('Run')
export class RunsResolver {
  constructor(
    @Inject(RunReader) private readonly reader: RunReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('runs')
  @Requires('flows.read')
  async runs(@Args() args: RunsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    return this.reader.page(caller.workspaceId, {
      filter: args.filter ?? {},
      by: args.sort?.by ?? 'STARTED_AT',
      direction: args.sort?.direction ?? 'DESC',
      size: pageSize(args.first, 50),
      after: args.after ?? undefined,
    });
  }

  @Query('run')
  @Requires('flows.read')
  async run(
    @Args() args: { readonly id: string; readonly atLeast?: string | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(args.atLeast, context);
    const run = await this.reader.find(caller.workspaceId, args.id);
    if (!run) throw new RequestError('NOT_FOUND', 'There is no such run.', 'Look at the list of runs.');
    return run;
  }
}

@Resolver('Run')
export class RunFieldsResolver {
  constructor(
    @Inject(FlowReader) private readonly flows: FlowReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(TranscriptReader) private readonly transcripts: TranscriptReader,
    @Inject(StepReader) private readonly steps: StepReader,
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
  availableActions(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    return actionsFor(view, callerOf(context));
  }

  @ResolveField('lineage')
  lineage(@Parent() { view }: RunNode) {
    return view;
  }

  @ResolveField('transcript')
  transcript(@Parent() { id }: RunNode, @Args() args: TranscriptArgs, @Context() context: GraphContext) {
    return this.transcripts.page(callerOf(context).workspaceId, id, {
      step: args.step ?? undefined,
      attempt: args.attempt ?? undefined,
      ...pageAsked(args, 100),
    });
  }

  @ResolveField('approvals')
  async approvals(@Parent() { id }: RunNode, @Context() context: GraphContext) {
    const found = await this.loaders.of(context).approvals.load(id);
    return found.map(view => approvalNode(view, callerOf(context)));
  }

  @ResolveField('artifacts')
  async artifacts(
    @Parent() { id }: RunNode,
    @Args('step') step: string | null | undefined,
    @Context() context: GraphContext,
  ) {
    const inherited = await this.steps.inherited(callerOf(context).workspaceId, id);
    const found = await artifactsOfRun(this.loaders.of(context), id, inherited);
    return found.filter(row => step == null || row.step === step).map(artifactNode);
  }

  @ResolveField('cost')
  async cost(@Parent() run: RunNode) {
    return costNode(run.view.costs, await this.steps.costs(run));
  }
}
