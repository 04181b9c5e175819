import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CloudSessionView } from './cloud-sessions.projection.js';

/** What one attempt has of an agent that works elsewhere. */
@Entity({ name: 'cloud_sessions' })
export class CloudSessionRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: CloudSessionView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('boolean', { name: 'is_open' })
  isOpen!: boolean;

  /** Decimal. */
  @Column('bigint')
  position!: string;
}
