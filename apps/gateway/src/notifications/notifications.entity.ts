import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ChannelView, NoticeView } from './notifications.projection.js';

/** A place where people are told things. */
@Entity({ name: 'notification_channels' })
export class NotificationChannelRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: ChannelView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'channel_id' })
  channelId!: string;

  @Column('timestamptz', { name: 'added_at' })
  addedAt!: Date;
}

/** Something that is told to one channel. */
@Entity({ name: 'notifications' })
export class NotificationRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: NoticeView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'channel_id' })
  channelId!: string;

  @Column('text', { name: 'run_id', nullable: true })
  runId!: string | null;

  @Column('text')
  state!: string;

  @Column('bigint', { name: 'queued_at' })
  queuedAt!: string;
}
