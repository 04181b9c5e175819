import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { TranscriptReader } from '../transcript/transcript-reader.js';
import { PastDetails } from './past/past-details.js';
import { PastRuns } from './past/past-runs.js';
import type { RunDetails } from './run-details.js';
import type { RunNode } from './run-nodes.js';
import { StepReader } from './step-reader.js';

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
