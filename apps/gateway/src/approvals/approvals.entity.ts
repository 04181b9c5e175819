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

  @Column('text')
  kind!: ApprovalView['kind'];

  /** Null: anybody may decide. Else member ids and e-mail addresses, in lower case. */
  @Column('text', { array: true, nullable: true })
  approvers!: string[] | null;

  @Column('text', { nullable: true })
  excluded!: string | null;

  @Column('text', { array: true })
  voters!: string[];

  /** Position of the question in the log, decimal. */
  @Column('bigint', { name: 'asked_at' })
  askedAt!: string;
}
