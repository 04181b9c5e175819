import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SkillView } from './skills.projection.js';

/** A skill in its latest version. */
@Entity({ name: 'skills' })
export class SkillRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: SkillView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text')
  slug!: string;
}
