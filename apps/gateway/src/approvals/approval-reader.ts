import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import type { CountedConnection, PageAsked } from '../graph/connection.js';
import { countOf, narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { approvalNode, type ApprovalNode } from './approval-nodes.js';
import { ApprovalRow } from './approvals.entity.js';
import { concerns, namesOf } from './who-decides.js';

export interface InboxAsked extends PageAsked {
  readonly states: readonly string[];
  readonly kinds: readonly string[] | undefined;
  readonly runId: string | undefined;
  /** Of everybody, or what waits for the caller. */
  readonly everyones: boolean;
}

const MINE = `(a.approvers IS NULL OR a.approvers && :names) AND (a.excluded IS NULL OR a.excluded <> :me)
  AND NOT (:me = ANY (a.voters) AND a.state = 'OPEN')`;

/** Reads the approval requests of one workspace. */
@Injectable()
export class ApprovalReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async page(caller: Caller, asked: InboxAsked): Promise<CountedConnection<ApprovalNode>> {
    const { workspaceId } = caller;
    const { states, kinds, runId, everyones, ...ends } = asked;
    const list = ['inbox', workspaceId, states, runId, kinds, everyones ? undefined : caller.memberId];
    const query = this.rows
      .getRepository(ApprovalRow)
      .createQueryBuilder('a')
      .where('a.workspaceId = :workspaceId AND a.state IN (:...states)', { workspaceId, states });
    if (!everyones) query.andWhere(MINE, { names: namesOf(caller), me: caller.memberId });
    if (kinds !== undefined) query.andWhere('a.kind IN (:...kinds)', { kinds });
    if (runId !== undefined) query.andWhere('a.runId = :runId', { runId });
    const totalCount = countOf(query, 'a.key');
    const cursor = ends.cursor === undefined ? undefined : this.signer.open(list, ends.cursor);
    const found = await narrowToPage(query, { columns: ['a.askedAt'], direction: 'ASC' }, ends, cursor).getMany();
    const page = { ...ends, list, signer: this.signer, place: (row: ApprovalRow) => [row.askedAt] };
    return { ...pageOfList(found, { ...page, node: row => approvalNode(row.view, caller) }), totalCount };
  }

  async find(caller: Caller, requestId: string): Promise<ApprovalNode | undefined> {
    const row = await this.#row(caller, requestId);
    return row ? approvalNode(row.view, caller) : undefined;
  }

  /** The request if the caller may, or might have, decide it. */
  async findMine(caller: Caller, requestId: string): Promise<ApprovalNode | undefined> {
    const row = await this.#row(caller, requestId);
    return row && concerns(row.view, caller) ? approvalNode(row.view, caller) : undefined;
  }

  #row(caller: Caller, requestId: string): Promise<ApprovalRow | null> {
    return this.rows.getRepository(ApprovalRow).findOneBy({ key: keyIn(caller.workspaceId, requestId) });
  }
}
