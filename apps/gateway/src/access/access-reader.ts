import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { scopeName } from '../runs/run-nodes.js';
import type { TokenView, WorkspaceView } from './access.projection.js';
import { TokenRow, WorkspaceRow } from './access.entity.js';
import type { Caller } from './caller.js';

/** Reads the caller's workspace and tokens. */
@Injectable()
export class AccessReader {
  constructor(@Inject(READ_MODEL_SOURCE) private readonly rows: DataSource) {}

  async workspace(workspaceId: string): Promise<WorkspaceView> {
    const row = await this.rows.getRepository(WorkspaceRow).findOneByOrFail({ key: workspaceId });
    return row.view;
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
