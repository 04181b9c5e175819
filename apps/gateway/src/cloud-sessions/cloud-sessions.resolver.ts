import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { connectionOf, pageSize } from '../graph/connection.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { CloudSessionRow } from './cloud-sessions.entity.js';

interface Asked {
  readonly open?: boolean | null;
  readonly runId?: string | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly atLeast?: string | null;
}

@Resolver('CloudSession')
export class CloudSessionsResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('cloudSessions')
  @Requires('flows.read')
  async cloudSessions(@Args() asked: Asked, @CallerOf() { workspaceId }: Caller, @Context() context: GraphContext) {
    const { open, runId, first, after, atLeast } = asked;
    await this.readModels.atLeast(atLeast, context);
    const size = pageSize(first, 50);
    const list = ['cloudSessions', workspaceId, open ?? null, runId ?? null];
    const query = this.rows
      .getRepository(CloudSessionRow)
      .createQueryBuilder('s')
      .where('s.workspaceId = :workspaceId', { workspaceId });
    if (open != null) query.andWhere('s.isOpen = :open', { open });
    if (runId != null) query.andWhere('s.runId = :runId', { runId });
    if (after != null) query.andWhere('s.position < :last', { last: this.signer.open(list, after)[0] });
    const found = await query
      .orderBy('s.position', 'DESC')
      .limit(size + 1)
      .getMany();
    const page = { size, cursor: after ?? undefined, list, signer: this.signer };
    return connectionOf(found, { ...page, place: row => [row.position], node: sessionNode });
  }
}

function sessionNode({ view }: CloudSessionRow) {
  const { sessionId, program, url, runId, step, attempt, continues, openedAt, ended } = view;
  const place = { runId, step, attempt, continues, openedAt };
  return { id: sessionId, program, url, ...place, outcome: ended?.outcome ?? null, endedAt: ended?.at ?? null };
}
