import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { CloudSessionRow } from './cloud-sessions.entity.js';

interface Asked extends PageArgs {
  readonly open?: boolean | null;
  readonly runId?: string | null;
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
    const { open, runId, atLeast } = asked;
    await this.readModels.atLeast(atLeast, context);
    const ends = pageAsked(asked, 50);
    const list = ['cloudSessions', workspaceId, open ?? null, runId ?? null];
    const query = this.rows
      .getRepository(CloudSessionRow)
      .createQueryBuilder('s')
      .where('s.workspaceId = :workspaceId', { workspaceId });
    if (open != null) query.andWhere('s.isOpen = :open', { open });
    if (runId != null) query.andWhere('s.runId = :runId', { runId });
    const cursor = ends.cursor === undefined ? undefined : this.signer.open(list, ends.cursor);
    const found = await narrowToPage(query, { columns: ['s.position'], direction: 'DESC' }, ends, cursor).getMany();
    const place = (row: CloudSessionRow) => [row.position];
    return pageOfList(found, { ...ends, list, signer: this.signer, place, node: sessionNode });
  }
}

function sessionNode({ view }: CloudSessionRow) {
  const { sessionId, program, url, runId, step, attempt, continues, openedAt, ended } = view;
  const place = { runId, step, attempt, continues, openedAt };
  return { id: sessionId, program, url, ...place, outcome: ended?.outcome ?? null, endedAt: ended?.at ?? null };
}
