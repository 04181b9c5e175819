import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ScheduleView } from './schedules.projection.js';

/** A schedule that was not deleted. */
@Entity({ name: 'schedules' })
export class ScheduleRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: ScheduleView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'schedule_id' })
  scheduleId!: string;
}
