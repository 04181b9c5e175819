import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ProfileView } from './profiles.projection.js';

/** A sandbox profile in its latest version. */
@Entity({ name: 'profiles' })
export class ProfileRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: ProfileView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text')
  slug!: string;
}
