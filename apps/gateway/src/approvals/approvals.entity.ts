import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ApprovalView } from './approvals.projection.js';

/** One request for a decision. */
@Entity({ name: 'approvals' })
export class ApprovalRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: ApprovalView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  state!: ApprovalView['state'];

  /** Position of the question in the log, decimal. */
  @Column('bigint', { name: 'asked_at' })
  askedAt!: string;
}
