import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { GrantView } from './grants.projection.js';

/** Calls of a tool that need no asking. */
@Entity({ name: 'grants' })
export class GrantRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: GrantView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text')
  state!: 'MADE' | 'REVOKED';

  /** Position of the grant in the log, decimal. */
  @Column('bigint', { name: 'made_at' })
  madeAt!: string;
}
