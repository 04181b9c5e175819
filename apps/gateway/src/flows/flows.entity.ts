import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { FlowView, PublishedVersion } from './flows.projection.js';

/** A flow as of its latest version. */
@Entity({ name: 'flows' })
export class FlowRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: FlowView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('text', { name: 'flow_id' })
  flowId!: string;

  @Column('text')
  slug!: string;

  @Column('text')
  name!: string;
}

/** One version of a flow, as it was published. */
@Entity({ name: 'flow_versions' })
export class FlowVersionRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'flow_id' })
  flowId!: string;

  @PrimaryColumn('int')
  version!: number;

  @Column('json')
  published!: PublishedVersion;
}
