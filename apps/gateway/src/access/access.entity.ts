import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MemberView, TokenView, WorkspaceView } from './access.projection.js';

/** A tenant. */
@Entity({ name: 'workspaces' })
export class WorkspaceRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: WorkspaceView;
}

/** A person or a service account in a workspace. */
@Entity({ name: 'members' })
export class MemberRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: MemberView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;
}

/** An API token: its hash and what it may do. The key is the token's id. */
@Entity({ name: 'tokens' })
export class TokenRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: TokenView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'member_key' })
  memberKey!: string;

  @Column('timestamptz', { name: 'issued_at' })
  issuedAt!: Date;
}
