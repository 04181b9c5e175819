import { SetPlan, type Plan } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, ResolveField, Resolver } from '@nestjs/graphql';
import { AccessReader } from '../access/access-reader.js';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { neverRefused } from '../reads/never-refused.js';
import { ReadModels } from '../reads/read-models.js';
import { DailyRunReader } from './daily-runs.js';

@Resolver('Viewer')
export class PlansResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(AccessReader) private readonly access: AccessReader,
    @Inject(DailyRunReader) private readonly reader: DailyRunReader,
  ) {}

  @Mutation('setPlan')
  @Requires('billing.manage')
  async setPlan(@Args('plan') plan: Uppercase<Plan>, @CallerOf() caller: Caller) {
    const command = { plan: plan.toLowerCase() as Plan };
    const { position } = neverRefused(await this.desk.send(SetPlan, command, caller));
    if (position !== undefined) await this.readModels.reach(position, ['access']);
    return workspaceNode(await this.access.workspace(caller.workspaceId));
  }

  @ResolveField('dailyRuns')
  async dailyRuns(@Context() context: GraphContext) {
    return this.reader.of(await this.access.workspace(callerOf(context).workspaceId));
  }
}

function workspaceNode({ workspaceId, slug, name, plan }: Awaited<ReturnType<AccessReader['workspace']>>) {
  return { id: workspaceId, slug, name, plan: plan.toUpperCase() };
}
