import { ReportEnvironment, type EnvironmentHealth } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';

interface ReportInput {
  readonly environment: string;
  readonly health: EnvironmentHealth;
  readonly reason?: string | null;
}

/** Where monitoring says how the environments are that flows require. */
@Resolver()
export class EnvironmentsResolver {
  constructor(@Inject(CommandDesk) private readonly desk: CommandDesk) {}

  @Mutation('reportEnvironment')
  @Requires('flows.manage')
  async reportEnvironment(@Args('input') { reason, ...found }: ReportInput, @CallerOf() caller: Caller) {
    const command = { ...found, ...(reason != null && reason !== '' && { reason }) };
    const outcome = await this.desk.send(ReportEnvironment, command, caller);
    if (outcome.status === 'refused') return refusalNode('EnvironmentRefused', outcome.refusal);
    return { __typename: 'EnvironmentReport' as const, ...outcome.output };
  }
}
