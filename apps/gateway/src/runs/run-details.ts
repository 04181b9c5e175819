import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import type { ApprovalView } from '../approvals/approvals.projection.js';
import type { ArtifactRow } from '../artifacts/artifacts.entity.js';
import type { AutoResolutionRow } from '../auto-resolutions/auto-resolutions.entity.js';
import type { Connection } from '../graph/connection.js';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import type { TranscriptEntry } from '../transcript/transcript-entries.js';
import { TranscriptReader, type TranscriptAsked } from '../transcript/transcript-reader.js';
import type { CostSum } from './cost-sums.js';
import { PastDetails } from './past/past-details.js';
import { PastRuns } from './past/past-runs.js';
import type { RunNode } from './run-nodes.js';
import type { StepView } from './run-view.js';
import { StepReader, type StepsAsked } from './step-reader.js';

export type Inherited = NonNullable<StepView['inherited']>;

/** What is told of one run beside its own row; of today, or of a moment of the past. */
export interface RunDetails {
  /** Up to when what executes is measured; ISO 8601. */
  readonly now: string;
  /** The first 1,000 steps, in order. */
  steps(): Promise<readonly StepView[]>;
  step(key: string): Promise<StepView | undefined>;
  stepPage<Node>(asked: StepsAsked, node: (step: StepView) => Node): Promise<Connection<Node>>;
  /** What each step cost that cost something. */
  costs(): Promise<readonly (readonly [string, CostSum])[]>;
  /** By key, the runs and attempts that did steps of this run. */
  inherited(): Promise<ReadonlyMap<string, Inherited>>;
  /** Oldest first. */
  approvals(): Promise<readonly ApprovalView[]>;
  /** What this run, or one that it has results from, kept; oldest first. */
  artifacts(runId: string): Promise<readonly ArtifactRow[]>;
  autoResolutions(): Promise<readonly AutoResolutionRow[]>;
  transcript(asked: TranscriptAsked): Promise<Connection<TranscriptEntry>>;
  /** Its retries and re-runs, oldest first. */
  descendants(): Promise<readonly RunNode[]>;
}

/** Details of runs as they are. */
@Injectable()
export class TodaysDetails {
  constructor(
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(StepReader) private readonly stepRows: StepReader,
    @Inject(TranscriptReader) private readonly transcripts: TranscriptReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  of(run: RunNode, context: GraphContext): RunDetails {
    const { id } = run;
    const { workspaceId } = callerOf(context);
    const loaders = this.loaders.of(context);
    return {
      now: this.clock.now(),
      steps: () => loaders.steps.load(id),
      step: key => this.stepRows.find(workspaceId, id, key),
      stepPage: (asked, node) => this.stepRows.page({ workspaceId, runId: id }, asked, node),
      costs: () => this.stepRows.costs(run),
      inherited: () => this.stepRows.inherited(workspaceId, id),
      approvals: () => loaders.approvals.load(id),
      artifacts: runId => loaders.artifacts.load(runId),
      autoResolutions: () => loaders.autoResolutions.load(id),
      transcript: asked => this.transcripts.page(workspaceId, id, asked),
      descendants: () => loaders.descendants.load(id),
    };
  }
}

/** Knows where the details of a run are read: in the tables, or for a moment of the past in the log as well. */
@Injectable()
export class RunDetailsReader {
  constructor(
    @Inject(TodaysDetails) private readonly todays: TodaysDetails,
    @Inject(PastRuns) private readonly pastRuns: PastRuns,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  of(run: RunNode, context: GraphContext): RunDetails {
    const today = this.todays.of(run, context);
    const { past } = run;
    if (!past) return today;
    const hadBegun = (runId: string) => this.pastRuns.hadBegun(callerOf(context), runId, past.asOf);
    return new PastDetails(run, past, { today, signer: this.signer, hadBegun });
  }
}
