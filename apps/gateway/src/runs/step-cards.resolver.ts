import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { approvalNode } from '../approvals/approval-nodes.js';
import { artifactNode } from '../artifacts/artifact-nodes.js';
import { autoResolutionNode } from '../auto-resolutions/auto-resolution-nodes.js';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { stepActionsFor } from './run-actions.js';
import type { StepNode } from './run-nodes.js';
import { artifactsOf } from './step-artifacts.js';

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
