import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { WebhookView } from './webhooks.projection.js';

/** An address that starts runs. */
@Entity({ name: 'webhooks' })
export class WebhookRow {
  /** The webhook's id alone: who sends something there has no workspace to name. */
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: WebhookView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
