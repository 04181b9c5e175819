import { RevokeGrant } from '@runledger/contracts';
import { CLOCK, type Clock } from '@runledger/platform';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { actorNode, refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { keyIn } from '../reads/row-key.js';
import { GrantRow } from './grants.entity.js';
import type { GrantView } from './grants.projection.js';

interface GrantsArgs {
  readonly all?: boolean | null;
  readonly atLeast?: string | null;
}

const MOST = 200;

@Resolver('ToolGrant')
export class GrantsResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Query('grants')
  @Requires('flows.read')
  async grants(@Args() { all, atLeast }: GrantsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(atLeast, context);
    const where = { workspaceId: caller.workspaceId, ...(all === true ? {} : { state: 'MADE' as const }) };
    const found = await this.rows.getRepository(GrantRow).find({ where, order: { madeAt: 'ASC' }, take: MOST });
    const now = Date.parse(this.clock.now());
    const counts = ({ expiresAt }: GrantView) => expiresAt === undefined || Date.parse(expiresAt) > now;
    return found
      .map(({ view }) => view)
      .filter(view => all === true || counts(view))
      .map(grantNode);
  }

  @Mutation('revokeGrant')
  @Requires('flows.run')
  async revokeGrant(@Args('id') grantId: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(RevokeGrant, { grantId }, caller);
    if (outcome.status === 'refused') return refusalNode('GrantRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['grants']);
    const key = keyIn(caller.workspaceId, grantId);
    const row = await this.rows.getRepository(GrantRow).findOneByOrFail({ key });
    return grantNode(row.view);
  }
}

function grantNode({ grantId, scope, tool, pattern, expiresAt, runId, requestId, by, madeAt, revoked }: GrantView) {
  return {
    __typename: 'ToolGrant' as const,
    ...{ id: grantId, scope: scope.toUpperCase(), tool, runId, requestId, madeAt },
    pattern: pattern ?? null,
    expiresAt: expiresAt ?? null,
    by: actorNode(by),
    revokedAt: revoked?.revokedAt ?? null,
    revokedBy: revoked ? actorNode(revoked.by) : null,
  };
}
