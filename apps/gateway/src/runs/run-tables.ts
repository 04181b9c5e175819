import { ViewTable, type Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';
import { grouped } from '../reads/grouped.js';
import { keyIn } from '../reads/row-key.js';
import { taskStateOf } from '../tasks/task-state.js';
import { foldRun } from './run-reducer.js';
import { standOf, stepsConcerned } from './run-steps.js';
import type { RunFacts, RunView, RunViewEvent, StepView } from './run-view.js';

type Stored = Recorded<RunViewEvent>;

const runTable = new ViewTable<RunFacts>('runs', view => ({
  workspace_id: view.workspaceId,
  run_id: view.id,
  flow_id: view.flowId,
  flow_slug: view.flowSlug,
  status: view.status,
  trigger_kind: view.trigger.kind.toUpperCase(),
  started_by: view.startedBy.id,
  subject_kind: view.subject?.kind ?? null,
  subject_id: view.subject?.id ?? null,
  lineage_of: view.lineage?.of ?? null,
  lineage_kind: view.lineage?.kind ?? null,
  started_at: view.startedAt,
  duration_ms: view.endedAt === undefined ? -1 : Date.parse(view.endedAt) - Date.parse(view.startedAt),
  cost_micro_units: costColumn(view),
  search: searchText(view),
  task_state: taskStateOf(view) ?? null,
  only_step: view.onlyStep ?? null,
}));

const stepTable = new ViewTable<StepView>('run_steps', (step, key) => ({
  ...placeOf(key),
  step: step.key,
  number: step.number,
  state: step.state,
  stand: standOf(step) ?? null,
  requests: step.asks?.map(ask => ask.requestId) ?? null,
  inherited: step.inherited !== undefined,
  charged: step.cost !== undefined,
}));

/** Of its steps only those that the events concern are read and written, so that an event of a big run costs what one of a small does. */
export async function applyToRuns(events: readonly Stored[], rows: EntityManager): Promise<void> {
  const byRun = grouped(events, event => keyIn(event.tenant, event.metadata.correlationId));
  const facts = await runTable.load([...byRun.keys()], rows);
  const known = new Map([...byRun].filter(([key]) => facts.has(key)));
  const steps = grouped(await stepTable.load(await keysConcerned(known, rows), rows), ([key]) => runKeyOf(key));
  const runsAfter = new Map<string, RunFacts>();
  const stepsAfter = new Map<string, StepView | undefined>();
  for (const [key, own] of byRun) {
    const before = new Map(steps.get(key));
    const view = own.reduce<RunView | undefined>(foldRun, viewAtHand(facts.get(key), [...before.values()]));
    if (!view) continue;
    runsAfter.set(key, factsOf(view));
    for (const [at, step] of changes(key, before, view.steps)) stepsAfter.set(at, step);
  }
  await runTable.save(runsAfter, rows);
  await stepTable.save(stepsAfter, rows);
}

function viewAtHand(facts: RunFacts | undefined, steps: readonly StepView[]): RunView | undefined {
  return facts && { ...facts, steps: [...steps].sort((a, b) => a.number - b.number) };
}

function factsOf({ steps: _steps, ...facts }: RunView): RunFacts {
  return facts;
}

/** What of the steps at hand is new, other, or gone (undefined). */
function changes(
  runKey: string,
  before: ReadonlyMap<string, StepView>,
  after: readonly StepView[],
): Map<string, StepView | undefined> {
  const now = new Map(after.map(step => [keyIn(runKey, step.key), step]));
  const changed = new Map<string, StepView | undefined>([...now].filter(([key, step]) => before.get(key) !== step));
  for (const key of before.keys()) if (!now.has(key)) changed.set(key, undefined);
  return changed;
}

/** Steps that are told by their state or by what they ask; each branch by an index of its own. */
const OTHERS = `
  SELECT found.key
  FROM json_to_recordset($1::json) AS c (workspace_id text, run_id text, others text, requests text[])
  CROSS JOIN LATERAL (
    (SELECT s.key FROM run_steps s
     WHERE c.others = 'ALL' AND s.workspace_id = c.workspace_id AND s.run_id = c.run_id LIMIT 1000000)
    UNION ALL
    (SELECT s.key FROM run_steps s
     WHERE c.others = 'OPEN' AND s.workspace_id = c.workspace_id AND s.run_id = c.run_id
       AND s.state IN ('PENDING', 'RUNNING', 'WAITING', 'BLOCKED') LIMIT 1000000)
    UNION ALL
    (SELECT s.key FROM run_steps s
     WHERE s.workspace_id = c.workspace_id AND s.run_id = c.run_id
       AND s.requests IS NOT NULL AND s.requests && c.requests LIMIT 1000000)) AS found`;

async function keysConcerned(byRun: ReadonlyMap<string, readonly Stored[]>, rows: EntityManager): Promise<string[]> {
  const concerns = [...byRun].map(([key, events]) => ({ key, ...stepsConcerned(events) }));
  const named = concerns.flatMap(({ key, keys }) => [...keys].map(step => keyIn(key, step)));
  const told = concerns.filter(({ others, requests }) => others !== undefined || requests.size > 0);
  if (told.length === 0) return named;
  const asked = told.map(({ key, others, requests }) => ({ ...placeOf(key), others, requests: [...requests] }));
  const found = await rows.query<{ key: string }[]>(OTHERS, [JSON.stringify(asked)]);
  return [...new Set([...named, ...found.map(({ key }) => key)])];
}

/** Of the key of a run or of one of its steps: neither ids nor step keys have a slash. */
function placeOf(key: string): { workspace_id: string; run_id: string } {
  const [workspace_id = '', run_id = ''] = key.split('/', 2);
  return { workspace_id, run_id };
}

function runKeyOf(stepKey: string): string {
  const { workspace_id, run_id } = placeOf(stepKey);
  return keyIn(workspace_id, run_id);
}

/** Lists compare numbers only: amounts in several currencies are added as they are. */
function costColumn(view: RunFacts): string {
  return Object.values(view.costs.total.amounts)
    .reduce((sum, amount) => sum + BigInt(amount), 0n)
    .toString();
}

function searchText(view: RunFacts): string {
  const { subject, startedBy } = view;
  const parts = [view.id, view.flowSlug, view.flowName, startedBy.name, startedBy.id, subject?.kind, subject?.id];
  return [...parts, subject?.url]
    .filter(part => part !== undefined)
    .join('\n')
    .toLowerCase();
}
