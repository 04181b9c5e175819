import { Inject } from '@nestjs/common';
import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import type { GraphContext } from '../graph/graph-context.js';
import { RunDetailsReader } from './run-details-reader.js';
import { stepNode, type RunNode } from './run-nodes.js';
import type { StepState } from './run-view.js';

interface TimelineArgs extends PageArgs {
  readonly state?: readonly StepState[] | null;
}

/** The cards of a run's steps. */
@Resolver('Run')
export class TimelineResolver {
  constructor(@Inject(RunDetailsReader) private readonly details: RunDetailsReader) {}

  @ResolveField('timeline')
  async timeline(@Parent() run: RunNode, @Context() context: GraphContext) {
    const details = this.details.of(run, context);
    return (await details.steps()).map(step => stepNode(run, step, details.now));
  }

  @ResolveField('timelinePage')
  timelinePage(@Parent() run: RunNode, @Args() args: TimelineArgs, @Context() context: GraphContext) {
    const details = this.details.of(run, context);
    const states = args.state && args.state.length > 0 ? args.state : undefined;
    return details.stepPage({ ...pageAsked(args, 50), states }, step => stepNode(run, step, details.now));
  }

  @ResolveField('step')
  async step(@Parent() run: RunNode, @Args('key') key: string, @Context() context: GraphContext) {
    const details = this.details.of(run, context);
    const found = await details.step(key);
    return found ? stepNode(run, found, details.now) : null;
  }
}
