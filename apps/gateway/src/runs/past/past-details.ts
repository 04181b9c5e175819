import type { ApprovalView } from '../../approvals/approvals.projection.js';
import type { ArtifactRow } from '../../artifacts/artifacts.entity.js';
import type { AutoResolutionRow } from '../../auto-resolutions/auto-resolutions.entity.js';
import { connectionBackwards, connectionOf, type Connection } from '../../graph/connection.js';
import type { CursorSigner } from '../../graph/signed-cursor.js';
import type { TranscriptEntry } from '../../transcript/transcript-entries.js';
import type { TranscriptAsked } from '../../transcript/transcript-reader.js';
import type { CostSum } from '../cost-sums.js';
import type { Inherited, RunDetails } from '../run-details.js';
import type { RunNode } from '../run-nodes.js';
import type { StepView } from '../run-view.js';
import { stepCosts, stepList, WHOLE_TIMELINE, type StepsAsked } from '../step-reader.js';
import type { PastRun } from './past-run.js';

export interface PastSources {
  readonly today: RunDetails;
  readonly signer: CursorSigner;
  hadBegun(runId: string): Promise<boolean>;
}

/**
 * The details of a run at a moment of the past. Its steps and requests were folded for that moment; files, resolved calls
 * and transcripts are rows that nothing changes and that know their position, so those up to the moment are what there was.
 */
export class PastDetails implements RunDetails {
  constructor(
    private readonly run: RunNode,
    private readonly past: PastRun,
    private readonly sources: PastSources,
  ) {}

  /** When the newest thing happened that is shown: whatever executed then is measured up to there. */
  get now(): string {
    return this.run.view.updatedAt;
  }

  steps(): Promise<readonly StepView[]> {
    return Promise.resolve(this.past.steps.slice(0, WHOLE_TIMELINE));
  }

  step(key: string): Promise<StepView | undefined> {
    return Promise.resolve(this.past.steps.find(step => step.key === key));
  }

  stepPage<Node>(
    { states, size, cursor, backwards }: StepsAsked,
    node: (step: StepView) => Node,
  ): Promise<Connection<Node>> {
    const { signer } = this.sources;
    const list = stepList(this.run.view.workspaceId, this.run.id, states);
    const from = cursor === undefined ? undefined : Number(signer.open(list, cursor)[0]);
    const inOrder = this.past.steps.filter(
      ({ state, number }) =>
        (!states || states.includes(state)) && (from === undefined || (backwards ? number < from : number > from)),
    );
    const found = backwards ? inOrder.reverse() : inOrder;
    const page = { size, cursor, list, signer, place: (step: StepView) => [step.number], node };
    return Promise.resolve(backwards ? connectionBackwards(found, page) : connectionOf(found, page));
  }

  costs(): Promise<readonly (readonly [string, CostSum])[]> {
    const own = this.past.steps.flatMap(({ key, cost }): [string, CostSum][] => (cost ? [[key, cost]] : []));
    return Promise.resolve(stepCosts(this.run.view, own.slice(0, WHOLE_TIMELINE)));
  }

  inherited(): Promise<ReadonlyMap<string, Inherited>> {
    const inherited = this.past.steps.flatMap((step): [string, Inherited][] =>
      step.inherited ? [[step.key, step.inherited]] : [],
    );
    return Promise.resolve(new Map(inherited));
  }

  approvals(): Promise<readonly ApprovalView[]> {
    return Promise.resolve(this.past.approvals);
  }

  async artifacts(runId: string): Promise<readonly ArtifactRow[]> {
    return (await this.sources.today.artifacts(runId)).filter(row => this.#hadHappened(row));
  }

  async autoResolutions(): Promise<readonly AutoResolutionRow[]> {
    return (await this.sources.today.autoResolutions()).filter(row => this.#hadHappened(row));
  }

  transcript(asked: TranscriptAsked): Promise<Connection<TranscriptEntry>> {
    return this.sources.today.transcript({ ...asked, asOf: this.past.asOf });
  }

  async descendants(): Promise<readonly RunNode[]> {
    const all = await this.sources.today.descendants();
    const had = await Promise.all(all.map(run => this.sources.hadBegun(run.id)));
    return all.filter((_run, index) => had[index]);
  }

  #hadHappened({ position }: { readonly position: string }): boolean {
    return BigInt(position) <= this.past.asOf;
  }
}
