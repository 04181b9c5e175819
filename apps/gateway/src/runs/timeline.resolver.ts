import { Inject } from '@nestjs/common';
import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { CLOCK, type Clock } from '@runledger/platform';
import { pageAsked } from '../graph/connection.js';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { stepNode, type RunNode } from './run-nodes.js';
import type { StepState } from './run-view.js';
import { StepReader } from './step-reader.js';

interface TimelineArgs {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
  readonly state?: readonly StepState[] | null;
}

/** The cards of a run's steps. */
@Resolver('Run')
export class TimelineResolver {
  constructor(
    @Inject(StepReader) private readonly steps: StepReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @ResolveField('timeline')
  async timeline(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    const steps = await this.loaders.of(context).steps.load(view.id);
    const now = this.clock.now();
    return steps.map(step => stepNode(view, step, now));
  }

  @ResolveField('timelinePage')
  timelinePage(@Parent() { view }: RunNode, @Args() args: TimelineArgs, @Context() context: GraphContext) {
    const place = { workspaceId: callerOf(context).workspaceId, runId: view.id };
    const now = this.clock.now();
    const states = args.state && args.state.length > 0 ? args.state : undefined;
    return this.steps.page(place, { ...pageAsked(args, 50), states }, step => stepNode(view, step, now));
  }

  @ResolveField('step')
  async step(@Parent() { view }: RunNode, @Args('key') key: string, @Context() context: GraphContext) {
    const found = await this.steps.find(callerOf(context).workspaceId, view.id, key);
    return found ? stepNode(view, found, this.clock.now()) : null;
  }
}
