import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The workspace of a run as it was before or after an attempt. */
@Entity({ name: 'workspace_snapshots' })
export class SnapshotRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'attempt_id' })
  attemptId!: string;

  @PrimaryColumn('text')
  moment!: 'before' | 'after';

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  step!: string;

  @Column('int')
  attempt!: number;

  /** SHA-256 of its list. */
  @Column('text')
  root!: string;

  @Column('int')
  files!: number;

  /** Decimal. */
  @Column('bigint')
  bytes!: string;

  /** What the store holds more of because of it; decimal. */
  @Column('bigint', { name: 'new_bytes' })
  newBytes!: string;

  @Column('text', { name: 'taken_at' })
  takenAt!: string;

  /** Place in the log, decimal: they are listed in this order. */
  @Column('bigint')
  position!: string;
}

/** A file that is not kept any more, or all snapshots of a run. */
@Entity({ name: 'expired_files' })
export class ExpiredFileRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  /** The artifact, or for its snapshots the run. */
  @PrimaryColumn('text')
  key!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text', { name: 'expired_at' })
  expiredAt!: string;

  @Column('bigint')
  position!: string;
}
