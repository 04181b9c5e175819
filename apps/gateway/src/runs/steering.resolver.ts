import type { InputOf, Json, RerunFromStep, RetryRun } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { jsonObject } from '../graph/json-object.js';
import { SteeringDesk, type SteeringVerb } from './steering-desk.js';

interface AboutRun {
  readonly runId: string;
}

interface AboutStep extends AboutRun {
  readonly step: string;
  readonly comment?: string | null;
}

interface RetryRunInput extends AboutRun {
  readonly from: InputOf<typeof RetryRun>['from'];
  readonly parameters?: Json | null;
  readonly version: InputOf<typeof RetryRun>['version'];
  readonly mode: InputOf<typeof RetryRun>['mode'];
}

interface RerunInput extends AboutRun {
  readonly step: string;
  readonly parameters?: Json | null;
  readonly version: InputOf<typeof RerunFromStep>['version'];
}

/** The verbs by which people steer a run. What each needs of the run's state is decided by the service that owns the run. */
@Resolver()
export class SteeringResolver {
  constructor(@Inject(SteeringDesk) private readonly desk: SteeringDesk) {}

  @Mutation('pauseRun')
  @Requires('flows.run')
  pauseRun(@Args() args: AboutRun & { readonly reason?: string | null }, @CallerOf() caller: Caller) {
    return this.#steer('pause', present(args), caller);
  }

  @Mutation('resumeRun')
  @Requires('flows.run')
  resumeRun(@Args() { runId }: AboutRun, @CallerOf() caller: Caller) {
    return this.#steer('resume', { runId }, caller);
  }

  @Mutation('cancelRun')
  @Requires('flows.run')
  cancelRun(@Args() args: AboutRun & { readonly mode?: string | null }, @CallerOf() caller: Caller) {
    return this.#steer('cancel', present({ ...args, mode: args.mode ?? 'GRACEFUL' }), caller);
  }

  @Mutation('retryRun')
  @Requires('flows.run')
  retryRun(@Args('input') input: RetryRunInput, @CallerOf() caller: Caller) {
    return this.#steer('retry', withParameters(input), caller);
  }

  @Mutation('retryStep')
  @Requires('flows.run')
  retryStep(
    @Args() args: AboutRun & { readonly step: string; readonly instructions?: string | null },
    @CallerOf() caller: Caller,
  ) {
    return this.#steer('retryStep', present(args), caller);
  }

  @Mutation('skipStep')
  @Requires('flows.run')
  skipStep(@Args() args: AboutStep, @CallerOf() caller: Caller) {
    return this.#steer('skip', present(args), caller);
  }

  @Mutation('forceAdvance')
  @Requires('flows.force')
  forceAdvance(@Args() args: AboutStep, @CallerOf() caller: Caller) {
    return this.#steer('forceAdvance', present(args), caller);
  }

  @Mutation('rerunFromStep')
  @Requires('flows.run')
  async rerunFromStep(@Args('input') input: RerunInput, @CallerOf() caller: Caller) {
    const outcome = await this.desk.steer('rerun', withParameters(input), caller);
    return outcome.status === 'refused' ? refusalNode('RunDeclined', outcome.refusal) : outcome.run;
  }

  @Mutation('discardRun')
  @Requires('flows.run')
  discardRun(@Args() args: AboutRun & { readonly reason?: string | null }, @CallerOf() caller: Caller) {
    return this.#steer('discard', present(args), caller);
  }

  async #steer(verb: SteeringVerb, input: AboutRun, caller: Caller) {
    const outcome = await this.desk.steer(verb, input, caller);
    return outcome.status === 'refused' ? refusalNode('RunRefused', outcome.refusal) : outcome.run;
  }
}

/** GraphQL says null for what was left out; commands leave it out. */
function present<Args extends AboutRun>(args: Args): AboutRun {
  const { runId, ...rest } = args;
  return { runId, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null)) };
}

function withParameters(input: RetryRunInput | RerunInput): AboutRun {
  const { parameters } = input;
  return { ...present(input), ...(parameters != null && { parameters: jsonObject(parameters, 'parameters') }) };
}
