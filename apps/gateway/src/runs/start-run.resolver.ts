import { StartRun, type InputOf } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { RunReader } from './run-reader.js';
import { startCommand, type StartRunInput } from './start-input.js';

@Resolver()
export class StartRunResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(RunReader) private readonly reader: RunReader,
  ) {}

  @Mutation('startRun')
  @Requires('flows.run')
  async startRun(
    @Args('input') input: StartRunInput,
    @CallerOf() caller: Caller,
    @Context() { startedFrom = { kind: 'manual' } }: GraphContext,
  ) {
    const outcome = await this.#started({ ...startCommand(input), trigger: startedFrom }, caller);
    if (outcome.status === 'refused') return refusalNode('RunDeclined', outcome.refusal);
    const { runId } = outcome.output;
    return this.reader.referred({ workspaceId: caller.workspaceId, runId }, outcome.position ?? 0n);
  }

  /** While nobody is there who could write it down, a start is declined as well: it may be sent again. */
  async #started(command: InputOf<typeof StartRun>, caller: Caller) {
    try {
      return await this.desk.send(StartRun, command, caller);
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'PLATFORM_STARTING') throw error;
      const more = error.fix === undefined ? {} : { fix: error.fix };
      return { status: 'refused' as const, refusal: reject('PLATFORM_STARTING', error.message, more) };
    }
  }
}

@Resolver('RunDeclined')
export class RunDeclinedResolver {
  @ResolveField('retryable')
  retryable(@Parent() { code }: { readonly code: string }) {
    return code === 'PLATFORM_STARTING';
  }
}
