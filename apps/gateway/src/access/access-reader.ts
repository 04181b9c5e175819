import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { scopeName } from '../runs/run-nodes.js';
import type { MemberView, TokenView, WorkspaceView } from './access.projection.js';
import { TokenRow, WorkspaceRow } from './access.entity.js';
import type { Caller } from './caller.js';

const BY_ADDRESS = `
  SELECT view AS member FROM members
  WHERE lower(view ->> 'email') = $1 AND view ->> 'workspaceId' = $2 LIMIT 1`;

/** Reads the caller's workspace, its members and tokens. */
@Injectable()
export class AccessReader {
  constructor(@Inject(READ_MODEL_SOURCE) private readonly rows: DataSource) {}

  async workspace(workspaceId: string): Promise<WorkspaceView> {
    const row = await this.rows.getRepository(WorkspaceRow).findOneByOrFail({ key: workspaceId });
    return row.view;
  }

  /** Whoever is in the workspace with this address, if anybody is: upper and lower case are the same. */
  async memberAt(workspaceId: string, email: string): Promise<MemberView | undefined> {
    const [found] = await this.rows.query<{ member: MemberView }[]>(BY_ADDRESS, [email.toLowerCase(), workspaceId]);
    return found?.member;
  }

  async tokens(caller: Caller) {
    const where = { memberKey: keyIn(caller.workspaceId, caller.memberId) };
    const found = await this.rows
      .getRepository(TokenRow)
      .find({ where, order: { issuedAt: 'DESC', key: 'DESC' }, take: 200 });
    return found.map(row => tokenNode(row.view));
  }

  async token(workspaceId: string, tokenId: string) {
    const row = await this.rows.getRepository(TokenRow).findOneByOrFail({ key: tokenId, workspaceId });
    return tokenNode(row.view);
  }
}

/** A token without anything secret. */
function tokenNode({ tokenId, name, scopes, issuedAt, expiresAt, revokedAt }: TokenView) {
  return {
    __typename: 'ApiToken' as const,
    id: tokenId,
    name,
    scopes: scopes.map(scopeName),
    issuedAt,
    expiresAt: expiresAt ?? null,
    revokedAt: revokedAt ?? null,
  };
}
