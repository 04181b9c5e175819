import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A file that an attempt declared and that outlives its sandbox. */
@Entity({ name: 'artifacts' })
export class ArtifactRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'artifact_id' })
  artifactId!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  step!: string;

  @Column('int')
  attempt!: number;

  @Column('text')
  path!: string;

  @Column('text', { name: 'media_type' })
  mediaType!: string;

  @Column('text')
  sha256!: string;

  /** Size, decimal. */
  @Column('bigint')
  bytes!: string;

  @Column('text', { name: 'stored_at' })
  storedAt!: string;

  /** Place in the log, decimal: files are listed in this order. */
  @Column('bigint')
  position!: string;
}
