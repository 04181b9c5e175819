import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { IntegrationView } from './integrations.projection.js';

/** Something outside that is connected to a workspace. */
@Entity({ name: 'integrations' })
export class IntegrationRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: IntegrationView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text')
  name!: string;
}
