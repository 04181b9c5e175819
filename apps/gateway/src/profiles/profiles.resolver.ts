import { DescribeSandboxDrivers, PublishSandboxProfile, profileDefinition } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { actorNode, refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { misfits } from '../reads/misfits.js';
import { neverRefused } from '../reads/never-refused.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { ProfileRow } from './profiles.entity.js';
import type { ProfileView } from './profiles.projection.js';

@Resolver('SandboxProfile')
export class ProfilesResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('sandboxProfiles')
  @Requires('flows.read')
  async sandboxProfiles(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const { workspaceId } = caller;
    const found = await this.rows.getRepository(ProfileRow).find({ where: { workspaceId }, order: { slug: 'ASC' } });
    return found.map(row => profileNode(row.view));
  }

  @Query('sandboxDrivers')
  @Requires('flows.read')
  async sandboxDrivers(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const { output } = neverRefused(await this.desk.send(DescribeSandboxDrivers, {}, caller));
    return output.drivers.map(({ limits, problem, ...driver }) => ({
      ...driver,
      problem: problem ?? null,
      limits: Object.entries(limits).map(([name, strength]) => ({ name, strength })),
    }));
  }

  @Mutation('publishSandboxProfile')
  @Requires('flows.manage')
  async publishSandboxProfile(@Args('input') input: { readonly definition: unknown }, @CallerOf() caller: Caller) {
    const definition = profileDefinition.safeParse(input.definition);
    if (!definition.success) return unfit(misfits(profileDefinition, input.definition));
    const outcome = await this.desk.send(PublishSandboxProfile, { definition: definition.data }, caller);
    if (outcome.status === 'refused') return refusalNode('SandboxProfileRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['profiles']);
    const { workspaceId } = caller;
    const row = await this.rows.getRepository(ProfileRow).findOneByOrFail({ workspaceId, slug: outcome.output.slug });
    return profileNode(row.view);
  }
}

function profileNode(view: ProfileView) {
  const { profileId, slug, version, definition, publishedBy, publishedAt } = view;
  const { name, isolation, resourceClass } = definition;
  return {
    __typename: 'SandboxProfile' as const,
    id: profileId,
    slug,
    name,
    version,
    isolation,
    resourceClass,
    definition,
    publishedBy: actorNode(publishedBy),
    publishedAt,
  };
}

function unfit(details: readonly Problem[]) {
  return refusalNode('SandboxProfileRefused', {
    rejected: 'INVALID_PROFILE',
    message: 'The definition is not that of a sandbox profile.',
    fix: 'Put the named places right.',
    details,
  });
}
