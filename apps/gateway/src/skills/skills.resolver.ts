import { PublishSkill, skillDefinition } from '@runledger/contracts';
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
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { SkillRow } from './skills.entity.js';
import type { SkillView } from './skills.projection.js';

@Resolver('Skill')
export class SkillsResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('skills')
  @Requires('flows.read')
  async skills(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const { workspaceId } = caller;
    const found = await this.rows.getRepository(SkillRow).find({ where: { workspaceId }, order: { slug: 'ASC' } });
    return found.map(row => skillNode(row.view));
  }

  @Mutation('publishSkill')
  @Requires('flows.manage')
  async publishSkill(
    @Args('input') input: Readonly<Record<string, unknown>> & { readonly slug: string },
    @CallerOf() caller: Caller,
  ) {
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
    const written = { name: input.slug, ...given };
    const definition = skillDefinition.safeParse(written);
    if (!definition.success) return unfit(misfits(skillDefinition, written));
    const outcome = await this.desk.send(PublishSkill, { definition: definition.data }, caller);
    if (outcome.status === 'refused') return refusalNode('SkillRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['skills']);
    const { workspaceId } = caller;
    const row = await this.rows.getRepository(SkillRow).findOneByOrFail({ workspaceId, slug: outcome.output.slug });
    return skillNode(row.view);
  }
}

function skillNode({ skillId, slug, version, hash, definition, publishedBy, publishedAt }: SkillView) {
  const { name, description, instructions, tools, mcpServers, output } = definition;
  return {
    __typename: 'Skill' as const,
    id: skillId,
    slug,
    name,
    description: description ?? null,
    version,
    hash,
    instructions,
    tools: tools ?? null,
    mcpServers: mcpServers ?? null,
    output: output ?? null,
    publishedBy: actorNode(publishedBy),
    publishedAt,
  };
}

function unfit(details: readonly Problem[]) {
  return refusalNode('SkillRefused', {
    rejected: 'INVALID_SKILL',
    message: 'The input is not that of a skill.',
    fix: 'Put the named places right.',
    details,
  });
}
