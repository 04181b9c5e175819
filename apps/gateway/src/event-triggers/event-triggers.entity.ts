import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EventTriggerView } from './event-triggers.projection.js';

/** A trigger on events that was not deleted. */
@Entity({ name: 'event_triggers' })
export class EventTriggerRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: EventTriggerView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
