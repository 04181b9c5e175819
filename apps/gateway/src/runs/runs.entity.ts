import type { RunLineage } from '@runledger/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../tasks/task-view.js';
import type { RunStatus, RunView } from './run-view.js';

/** A run with what lists are filtered and sorted by. */
@Entity({ name: 'runs' })
export class RunRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: RunView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text', { name: 'flow_id' })
  flowId!: string;

  @Column('text', { name: 'flow_slug' })
  flowSlug!: string;

  @Column('text')
  status!: RunStatus;

  @Column('text', { name: 'trigger_kind' })
  triggerKind!: string;

  @Column('text', { name: 'started_by' })
  startedBy!: string;

  @Column('text', { name: 'subject_kind', nullable: true })
  subjectKind!: string | null;

  @Column('text', { name: 'subject_id', nullable: true })
  subjectId!: string | null;

  /** The run that it goes back to. */
  @Column('text', { name: 'lineage_of', nullable: true })
  lineageOf!: string | null;

  @Column('text', { name: 'lineage_kind', nullable: true })
  lineageKind!: RunLineage['kind'] | null;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  /** -1 while the run goes on. */
  @Column('bigint', { name: 'duration_ms' })
  durationMs!: string;

  @Column('numeric', { name: 'cost_micro_units' })
  costMicroUnits!: string;

  /** Lower-case text that searches look into. */
  @Column('text')
  search!: string;

  /** Of background runs; null: the run is no task. */
  @Column('text', { name: 'task_state', nullable: true })
  taskState!: TaskState | null;

  @Column('text', { name: 'only_step', nullable: true })
  onlyStep!: string | null;
}

/** The number of a run in its workspace. */
@Entity({ name: 'run_numbers' })
export class RunNumberRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  @Column('int')
  number!: number;
}
