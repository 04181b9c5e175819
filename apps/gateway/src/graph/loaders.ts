import { Inject, Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import { DataSource, In } from 'typeorm';
import { ApprovalRow } from '../approvals/approvals.entity.js';
import type { ApprovalView } from '../approvals/approvals.projection.js';
import { ExpiredFileRow, SnapshotRow } from '../kept-files/kept-files.entity.js';
import { MemberRow } from '../access/access.entity.js';
import type { MemberView } from '../access/access.projection.js';
import { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { AutoResolutionRow } from '../auto-resolutions/auto-resolutions.entity.js';
import { FlowRow, FlowVersionRow } from '../flows/flows.entity.js';
import type { FlowView, PublishedVersion } from '../flows/flows.projection.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import type { RunNode } from '../runs/run-nodes.js';
import { RunReader } from '../runs/run-reader.js';
import type { StepView } from '../runs/run-view.js';
import { StepReader } from '../runs/step-reader.js';
import { callerOf, type GraphContext } from './graph-context.js';

/** Related rows, fetched together for a whole list; of the caller's workspace only (G2). One set for each operation. */
export interface Loaders {
  readonly flow: DataLoader<string, FlowView | undefined>;
  /** By `<flow id>@<version>`. */
  readonly flowVersion: DataLoader<string, PublishedVersion | undefined>;
  readonly member: DataLoader<string, MemberView | undefined>;
  readonly run: DataLoader<string, RunNode | undefined>;
  /** The retries and re-runs of a run, oldest first; the first 100 of each. */
  readonly descendants: DataLoader<string, readonly RunNode[]>;
  /** The first 1,000 steps of a run, in order. */
  readonly steps: DataLoader<string, readonly StepView[]>;
  /** By run, oldest first. */
  readonly approvals: DataLoader<string, readonly ApprovalView[]>;
  /** By run, oldest first. */
  readonly artifacts: DataLoader<string, readonly ArtifactRow[]>;
  readonly snapshots: DataLoader<string, readonly SnapshotRow[]>;
  readonly expiredFiles: DataLoader<string, readonly ExpiredFileRow[]>;
  /** By run, oldest first. */
  readonly autoResolutions: DataLoader<string, readonly AutoResolutionRow[]>;
}

/** Makes the loaders of an operation when its first field asks for them. */
@Injectable()
export class LoaderFactory {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(StepReader) private readonly steps: StepReader,
  ) {}

  of(context: GraphContext): Loaders {
    context.loaders ??= this.#create(callerOf(context).workspaceId);
    return context.loaders as Loaders;
  }

  #create(workspaceId: string): Loaders {
    const { rows } = this;
    return {
      flow: new DataLoader(async ids => {
        const keys = ids.map(id => keyIn(workspaceId, id));
        const found = await rows.getRepository(FlowRow).findBy({ key: In(keys) });
        const byKey = new Map(found.map(row => [row.key, row.view]));
        return keys.map(key => byKey.get(key));
      }),
      member: new DataLoader(async ids => {
        const keys = ids.map(id => keyIn(workspaceId, id));
        const found = await rows.getRepository(MemberRow).findBy({ key: In(keys) });
        const byKey = new Map(found.map(row => [row.key, row.view]));
        return keys.map(key => byKey.get(key));
      }),
      flowVersion: new DataLoader(async ids => {
        const wanted = ids.map(id => ({ workspaceId, ...flowVersionOf(id) }));
        const found = await rows.getRepository(FlowVersionRow).findBy(wanted);
        const byId = new Map(found.map(row => [`${row.flowId}@${row.version}`, row.published]));
        return ids.map(id => byId.get(id));
      }),
      run: new DataLoader(async ids => {
        const found = await this.runs.findAll(workspaceId, ids);
        return ids.map(id => found.get(id));
      }),
      descendants: new DataLoader(async ids => {
        const found = await this.runs.descendants(workspaceId, ids);
        return ids.map(id => found.filter(run => run.view.lineage?.of === id));
      }),
      steps: new DataLoader(async runIds => {
        const found = await this.steps.first(workspaceId, runIds);
        return runIds.map(id => found.get(id) ?? []);
      }),
      approvals: new DataLoader(async runIds => {
        const where = { workspaceId, runId: In([...runIds]) };
        const found = await rows.getRepository(ApprovalRow).find({ where, order: { askedAt: 'ASC' } });
        return runIds.map(id => found.filter(row => row.runId === id).map(row => row.view));
      }),
      artifacts: new DataLoader(async runIds => {
        const where = { workspaceId, runId: In([...runIds]) };
        const found = await rows
          .getRepository(ArtifactRow)
          .find({ where, order: { position: 'ASC', artifactId: 'ASC' } });
        return runIds.map(id => found.filter(row => row.runId === id));
      }),
      snapshots: new DataLoader(async runIds => {
        const where = { workspaceId, runId: In([...runIds]) };
        const found = await rows.getRepository(SnapshotRow).find({ where, order: { position: 'ASC' } });
        return runIds.map(id => found.filter(row => row.runId === id));
      }),
      expiredFiles: new DataLoader(async runIds => {
        const found = await rows.getRepository(ExpiredFileRow).findBy({ workspaceId, runId: In([...runIds]) });
        return runIds.map(id => found.filter(row => row.runId === id));
      }),
      autoResolutions: new DataLoader(async runIds => {
        const where = { workspaceId, runId: In([...runIds]) };
        const found = await rows.getRepository(AutoResolutionRow).find({ where, order: { position: 'ASC' } });
        return runIds.map(id => found.filter(row => row.runId === id));
      }),
    };
  }
}

function flowVersionOf(id: string): { flowId: string; version: number } {
  const cut = id.lastIndexOf('@');
  return { flowId: id.slice(0, cut), version: Number(id.slice(cut + 1)) };
}
