import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Connection, PageAsked } from '../graph/connection.js';
import { narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { grouped } from '../reads/grouped.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { joined, type CostSum } from './cost-sums.js';
import { runNode, type RunNode } from './run-nodes.js';
import { mayStand, withStanding } from './run-standing.js';
import { STANDING, STANDS } from './run-steps.js';
import type { RunFacts, StepState, StepView } from './run-view.js';
import { RunStepRow, type RunRow } from './runs.entity.js';

/** Most cards that a whole timeline has; the rest is read page by page. */
export const WHOLE_TIMELINE = 1_000;

const STANDING_STEPS = `
  SELECT r.run_id, s.view
  FROM unnest($2::text[]) AS r (run_id)
  CROSS JOIN unnest($3::text[]) AS k (stand)
  CROSS JOIN LATERAL (
    SELECT view, number FROM run_steps
    WHERE workspace_id = $1 AND run_id = r.run_id AND stand = k.stand
    ORDER BY number LIMIT ${STANDING}) AS s
  ORDER BY r.run_id, s.number`;

const FIRST_STEPS = `
  SELECT r.run_id, s.view
  FROM unnest($2::text[]) AS r (run_id)
  CROSS JOIN LATERAL (
    SELECT view, number FROM run_steps WHERE workspace_id = $1 AND run_id = r.run_id
    ORDER BY number LIMIT ${WHOLE_TIMELINE}) AS s
  ORDER BY r.run_id, s.number`;

const COSTS = `
  SELECT step, view -> 'cost' AS cost FROM run_steps
  WHERE workspace_id = $1 AND run_id = $2 AND charged ORDER BY number LIMIT ${WHOLE_TIMELINE}`;

const INHERITED = `
  SELECT step, view -> 'inherited' AS inherited FROM run_steps WHERE workspace_id = $1 AND run_id = $2 AND inherited`;

export interface StepsAsked extends PageAsked {
  /** Only those in one of these states; undefined: all. */
  readonly states: readonly StepState[] | undefined;
}

interface StepOfRun {
  readonly run_id: string;
  readonly view: StepView;
}

/** Reads the steps of runs of one workspace; never all of a big run. */
@Injectable()
export class StepReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  /** The runs of these rows with what stands of their steps, by one statement for all. */
  async nodes(
    workspaceId: string,
    found: readonly { readonly row: RunRow; readonly number: number }[],
  ): Promise<readonly { readonly row: RunRow; readonly run: RunNode }[]> {
    const runIds = found.filter(({ row }) => mayStand(row)).map(({ row }) => row.runId);
    const steps = runIds.length === 0 ? [] : await this.#query(STANDING_STEPS, [workspaceId, runIds, STANDS]);
    const byRun = grouped(steps, step => step.run_id);
    return found.map(({ row, number }) => ({
      row,
      run: runNode(withStanding(row.view, (byRun.get(row.runId) ?? []).map(viewOf)), number),
    }));
  }

  /** The first {@link WHOLE_TIMELINE} steps of each of these runs, in order. */
  async first(workspaceId: string, runIds: readonly string[]): Promise<Map<string, readonly StepView[]>> {
    const byRun = grouped(await this.#query(FIRST_STEPS, [workspaceId, runIds]), step => step.run_id);
    return new Map([...byRun].map(([runId, steps]) => [runId, steps.map(viewOf)]));
  }

  async find(workspaceId: string, runId: string, step: string): Promise<StepView | undefined> {
    const key = keyIn(keyIn(workspaceId, runId), step);
    const row = await this.rows.getRepository(RunStepRow).findOneBy({ key });
    return row?.view;
  }

  async page<Node>(
    { workspaceId, runId }: { readonly workspaceId: string; readonly runId: string },
    { states, ...asked }: StepsAsked,
    node: (step: StepView) => Node,
  ): Promise<Connection<Node>> {
    const list = stepList(workspaceId, runId, states);
    const query = this.rows
      .getRepository(RunStepRow)
      .createQueryBuilder('s')
      .where('s.workspaceId = :workspaceId AND s.runId = :runId', { workspaceId, runId });
    if (states) query.andWhere('s.state = ANY (:states)', { states });
    const cursor = asked.cursor === undefined ? undefined : this.signer.open(list, asked.cursor);
    const found = await narrowToPage(query, { columns: ['s.number'], direction: 'ASC' }, asked, cursor).getMany();
    const place = (row: RunStepRow) => [row.number];
    return pageOfList(found, {
      ...asked,
      ...{ list, signer: this.signer, place },
      node: (row: RunStepRow) => node(row.view),
    });
  }

  /** What each step cost that cost something, in order; at most {@link WHOLE_TIMELINE} of them. */
  async costs({ view }: RunNode): Promise<readonly (readonly [string, CostSum])[]> {
    const rows = await this.rows.query<{ step: string; cost: CostSum }[]>(COSTS, [view.workspaceId, view.id]);
    return stepCosts(
      view,
      rows.map(({ step, cost }) => [step, cost]),
    );
  }

  /** By key, the runs and attempts that did steps of this run. */
  async inherited(workspaceId: string, runId: string): Promise<Map<string, NonNullable<StepView['inherited']>>> {
    const rows = await this.rows.query<{ step: string; inherited: NonNullable<StepView['inherited']> }[]>(INHERITED, [
      workspaceId,
      runId,
    ]);
    return new Map(rows.map(({ step, inherited }) => [step, inherited]));
  }

  #query(statement: string, parameters: unknown[]): Promise<StepOfRun[]> {
    return this.rows.query<StepOfRun[]>(statement, parameters);
  }
}

function viewOf({ view }: StepOfRun): StepView {
  return view;
}

/** What a cursor in the timeline of a run is signed for. */
export function stepList(workspaceId: string, runId: string, states: readonly StepState[] | undefined): unknown {
  return ['timeline', workspaceId, runId, states && [...states].sort()];
}

/** The sums of a run's steps, and of those that its flow has lost since. */
export function stepCosts(
  { costs }: Pick<RunFacts, 'costs'>,
  own: readonly (readonly [string, CostSum])[],
): readonly (readonly [string, CostSum])[] {
  const former = new Map(Object.entries(costs.formerSteps));
  const all = own.map(([step, cost]): [string, CostSum] => {
    const earlier = former.get(step);
    former.delete(step);
    return [step, earlier ? joined(cost, earlier) : cost];
  });
  return [...all, ...former];
}
