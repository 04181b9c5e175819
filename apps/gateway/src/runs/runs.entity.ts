import type { RunLineage } from '@runledger/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../tasks/task-state.js';
import type { Stand } from './run-steps.js';
import type { RunFacts, RunStatus, StepState, StepView } from './run-view.js';

/** A run with what lists are filtered and sorted by. */
@Entity({ name: 'runs' })
export class RunRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: RunFacts;

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

/** A step of a run with what it is looked up by. */
@Entity({ name: 'run_steps' })
export class RunStepRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: StepView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  step!: string;

  /** Place in the document, from 1. */
  @Column('int')
  number!: number;

  @Column('text')
  state!: StepState;

  /** Why it matters to its run now; null: it does not. */
  @Column('text', { nullable: true })
  stand!: Stand | null;

  /** What its agents ask people; null: nothing. */
  @Column('text', { array: true, nullable: true })
  requests!: string[] | null;

  /** Whether another run did it. */
  @Column('boolean')
  inherited!: boolean;

  /** Whether it cost something. */
  @Column('boolean')
  charged!: boolean;
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
