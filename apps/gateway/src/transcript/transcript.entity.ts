import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ToolEnding, TranscriptEntry } from './transcript-entries.js';

/** An entry without its text, which lies in pieces. */
@Entity({ name: 'transcript_entries' })
export class TranscriptEntryRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  @PrimaryColumn('text', { name: 'entry_id' })
  entryId!: string;

  /** Position of its first event, decimal. */
  @Column('bigint')
  seq!: string;

  @Column('text')
  step!: string;

  @Column('int')
  attempt!: number;

  @Column('json')
  entry!: TranscriptEntry;

  @Column('json', { nullable: true })
  ending!: ToolEnding | null;

  /** Position of the event that ended it, decimal. */
  @Column('bigint', { name: 'ended_at', nullable: true })
  endedAt!: string | null;
}

/** A piece of an entry's text. */
@Entity({ name: 'transcript_pieces' })
export class TranscriptPieceRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  @PrimaryColumn('text', { name: 'entry_id' })
  entryId!: string;

  /** Place in the log, decimal. */
  @PrimaryColumn('bigint')
  position!: string;

  @Column('text')
  text!: string;
}
