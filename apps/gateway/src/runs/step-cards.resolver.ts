import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { artifactNode } from '../artifacts/artifact-nodes.js';
import { autoResolutionNode } from '../auto-resolutions/auto-resolution-nodes.js';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { stepActionsFor } from './run-actions.js';
import { requestNode } from './request-nodes.js';
import { RunDetailsReader } from './run-details-reader.js';
import type { StepNode } from './run-nodes.js';
import { artifactsOf } from './step-artifacts.js';

@Resolver('StepCard')
export class StepCardsResolver {
  constructor(@Inject(RunDetailsReader) private readonly details: RunDetailsReader) {}

  @ResolveField('availableActions')
  availableActions(@Parent() { run, step }: StepNode, @Context() context: GraphContext) {
    return run.past ? [] : stepActionsFor(run.view, step, callerOf(context));
  }

  @ResolveField('artifacts')
  async artifacts(@Parent() { run, step }: StepNode, @Context() context: GraphContext) {
    return (await artifactsOf(this.details.of(run, context), run.id, step)).map(artifactNode);
  }

  @ResolveField('autoResolved')
  async autoResolved(@Parent() { run, key }: StepNode, @Context() context: GraphContext) {
    const found = await this.details.of(run, context).autoResolutions();
    return found.filter(row => row.step === key).map(autoResolutionNode);
  }

  @ResolveField('gate')
  async gate(@Parent() { run, requestId }: StepNode, @Context() context: GraphContext) {
    if (requestId === undefined) return null;
    const found = await this.details.of(run, context).approvals();
    const view = found.find(request => request.requestId === requestId);
    return view ? requestNode(run, view, callerOf(context)) : null;
  }
}
