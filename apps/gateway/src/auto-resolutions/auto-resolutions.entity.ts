import type { CallAutoResolved } from '@runledger/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

type Resolved = ReturnType<typeof CallAutoResolved>['data'];

/** A call of a dangerous tool that went ahead without asking. */
@Entity({ name: 'auto_resolutions' })
export class AutoResolutionRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  @PrimaryColumn('text', { name: 'call_id' })
  callId!: string;

  @Column('text')
  step!: string;

  @Column('int')
  attempt!: number;

  @Column('text')
  tool!: string;

  @Column('text', { name: 'grant_id' })
  grantId!: string;

  @Column('text')
  scope!: Resolved['scope'];

  @Column('json', { name: 'granted_by' })
  grantedBy!: Resolved['grantedBy'];

  @Column('text', { name: 'resolved_at' })
  resolvedAt!: string;

  /** Place in the log, decimal: calls are listed in this order. */
  @Column('bigint')
  position!: string;
}
