import { Inject } from '@nestjs/common';
import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { RunDetailsReader } from './run-details-reader.js';
import type { RunNode } from './run-nodes.js';
import type { StepState, StepView } from './run-view.js';
import { stepCard } from './step-card.js';

interface TimelineArgs extends PageArgs {
  readonly state?: readonly StepState[] | null;
}

/** The cards of a run's steps. */
@Resolver('Run')
export class TimelineResolver {
  constructor(@Inject(RunDetailsReader) private readonly details: RunDetailsReader) {}

  @ResolveField('timeline')
  async timeline(@Parent() run: RunNode, @Context() context: GraphContext) {
    const { details, cardOf } = this.#cards(run, context);
    return (await details.steps()).map(cardOf);
  }

  @ResolveField('timelinePage')
  timelinePage(@Parent() run: RunNode, @Args() args: TimelineArgs, @Context() context: GraphContext) {
    const { details, cardOf } = this.#cards(run, context);
    const states = args.state && args.state.length > 0 ? args.state : undefined;
    return details.stepPage({ ...pageAsked(args, 50), states }, cardOf);
  }

  @ResolveField('step')
  async step(@Parent() run: RunNode, @Args('key') key: string, @Context() context: GraphContext) {
    const { details, cardOf } = this.#cards(run, context);
    const found = await details.step(key);
    return found ? cardOf(found) : null;
  }

  #cards(run: RunNode, context: GraphContext) {
    const details = this.details.of(run, context);
    const caller = callerOf(context);
    return { details, cardOf: (step: StepView) => stepCard(run, step, details, caller) };
  }
}
