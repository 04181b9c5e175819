import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { FlowStartsView } from './flow-starts-projection.fixture.js';

/** `key` and `view` are what every view has; the other columns are what the query filters and sorts by. */
export class CreateFlowStarts1763700009001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE flow_starts (
      key text PRIMARY KEY, view json NOT NULL, workspace_id text NOT NULL, starts int NOT NULL)`);
    await runner.query('CREATE INDEX flow_starts_by_workspace ON flow_starts (workspace_id, starts)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE flow_starts');
  }
}

@Entity({ name: 'flow_starts' })
export class FlowStartsRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('json')
  view!: FlowStartsView;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('int')
  starts!: number;
}
