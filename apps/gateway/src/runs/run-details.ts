import type { ApprovalView } from '../approvals/approvals.projection.js';
import type { ArtifactRow } from '../artifacts/artifacts.entity.js';
import type { AutoResolutionRow } from '../auto-resolutions/auto-resolutions.entity.js';
import type { Connection } from '../graph/connection.js';
import type { TranscriptEntry } from '../transcript/transcript-entries.js';
import type { TranscriptAsked } from '../transcript/transcript-reader.js';
import type { CostSum } from './cost-sums.js';
import type { RunNode } from './run-nodes.js';
import type { StepView } from './run-view.js';
import type { StepsAsked } from './step-reader.js';

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
