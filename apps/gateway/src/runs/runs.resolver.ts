import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CLOCK, type Clock } from '@runledger/platform';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { approvalNode } from '../approvals/approval-nodes.js';
import { artifactNode } from '../artifacts/artifact-nodes.js';
import type { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { autoResolutionNode } from '../auto-resolutions/auto-resolution-nodes.js';
import { FlowReader } from '../flows/flow-reader.js';
import { pageSize } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory, type Loaders } from '../graph/loaders.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { TranscriptReader } from '../transcript/transcript-reader.js';
import { actionsFor, stepActionsFor } from './run-actions.js';
import { costNode, stepNode, type RunNode, type StepNode } from './run-nodes.js';
import { RunReader, type RunFilter, type RunsAsked } from './run-reader.js';
import type { StepView } from './run-view.js';

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
    @Inject(CLOCK) private readonly clock: Clock,
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

  @ResolveField('timeline')
  timeline(@Parent() { view }: RunNode) {
    const now = this.clock.now();
    return view.steps.map(step => stepNode(view, step, now));
  }

  @ResolveField('transcript')
  transcript(@Parent() { id }: RunNode, @Args() args: TranscriptArgs, @Context() context: GraphContext) {
    return this.transcripts.page(callerOf(context).workspaceId, id, {
      step: args.step ?? undefined,
      attempt: args.attempt ?? undefined,
      after: args.after ?? undefined,
      size: pageSize(args.first, 100),
    });
  }

  @ResolveField('approvals')
  async approvals(@Parent() { id }: RunNode, @Context() context: GraphContext) {
    const found = await this.loaders.of(context).approvals.load(id);
    return found.map(view => approvalNode(view, callerOf(context)));
  }

  @ResolveField('artifacts')
  async artifacts(
    @Parent() { id, view }: RunNode,
    @Args('step') step: string | null | undefined,
    @Context() context: GraphContext,
  ) {
    const steps = view.steps.filter(one => step == null || one.key === step);
    const found = await Promise.all(steps.map(one => artifactsOf(this.loaders.of(context), id, one)));
    return found.flat().sort(byPosition).map(artifactNode);
  }

  @ResolveField('cost')
  cost(@Parent() { view }: RunNode) {
    return costNode(view.costs);
  }
}

@Resolver('StepCard')
export class StepCardsResolver {
  constructor(@Inject(LoaderFactory) private readonly loaders: LoaderFactory) {}

  @ResolveField('availableActions')
  availableActions(@Parent() { run, step }: StepNode, @Context() context: GraphContext) {
    return stepActionsFor(run, step, callerOf(context));
  }

  @ResolveField('artifacts')
  async artifacts(@Parent() { runId, step }: StepNode, @Context() context: GraphContext) {
    return (await artifactsOf(this.loaders.of(context), runId, step)).map(artifactNode);
  }

  @ResolveField('autoResolved')
  async autoResolved(@Parent() { runId, key }: StepNode, @Context() context: GraphContext) {
    const found = await this.loaders.of(context).autoResolutions.load(runId);
    return found.filter(row => row.step === key).map(autoResolutionNode);
  }

  @ResolveField('gate')
  async gate(@Parent() { runId, requestId }: StepNode, @Context() context: GraphContext) {
    if (requestId === undefined) return null;
    const found = await this.loaders.of(context).approvals.load(runId);
    const view = found.find(request => request.requestId === requestId);
    return view ? approvalNode(view, callerOf(context)) : null;
  }
}

/** The files that a step kept, in this run or in the one that it has its results from. */
async function artifactsOf(
  { artifacts }: Pick<Loaders, 'artifacts'>,
  runId: string,
  { key, inherited }: StepView,
): Promise<readonly ArtifactRow[]> {
  const found = await artifacts.load(inherited?.runId ?? runId);
  return found.filter(row => row.step === key && (inherited === undefined || row.attempt === inherited.attempt));
}

function byPosition(left: ArtifactRow, right: ArtifactRow): number {
  const [first, second] = [BigInt(left.position), BigInt(right.position)];
  return first < second ? -1 : first > second ? 1 : 0;
}
