import { RunStarted } from '@runledger/contracts';
import { defineView, type Projection } from '@runledger/projections';
import { autoResolutions } from '../auto-resolutions/auto-resolutions.projection.js';
import { together } from '../reads/composite-projection.js';
import { keyIn } from '../reads/row-key.js';
import { taskStateOf } from '../tasks/task-view.js';
import { foldRun } from './run-reducer.js';
import { runViewEvents, type RunView, type RunViewEvent } from './run-view.js';

/** One row for each run: the whole view, and what lists are filtered and sorted by. */
export const runViews = defineView<RunView, RunViewEvent>({
  name: 'runs',
  version: 2,
  table: 'runs',
  types: runViewEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.metadata.correlationId),
  evolve: foldRun,
  columns: view => ({
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
  }),
});

/** Lists compare numbers only: amounts in several currencies are added as they are. */
function costColumn(view: RunView): string {
  return Object.values(view.costs.total.amounts)
    .reduce((sum, amount) => sum + BigInt(amount), 0n)
    .toString();
}

function searchText(view: RunView): string {
  const { subject, startedBy } = view;
  const parts = [view.id, view.flowSlug, view.flowName, startedBy.name, startedBy.id, subject?.kind, subject?.id];
  return [...parts, subject?.url]
    .filter(part => part !== undefined)
    .join('\n')
    .toLowerCase();
}

const NUMBER_STARTS = `
  INSERT INTO run_numbers (workspace_id, run_id, number)
  SELECT started.workspace_id, started.run_id,
    coalesce((SELECT max(n.number) FROM run_numbers n WHERE n.workspace_id = started.workspace_id), 0)
      + row_number() OVER (PARTITION BY started.workspace_id ORDER BY started.place)
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS started (workspace_id, run_id, place)
  WHERE NOT EXISTS (
    SELECT FROM run_numbers n WHERE n.workspace_id = started.workspace_id AND n.run_id = started.run_id)`;

/** Runs count from 1 in their workspace, in the order of the log: a rebuild gives each the number that it had (P2). */
const runNumbers: Projection = {
  name: 'run-numbers',
  version: 1,
  types: [RunStarted.type],
  tables: ['run_numbers'],
  apply: async (events, rows) => {
    const workspaces = events.map(event => event.tenant);
    const runs = events.map(event => event.metadata.correlationId);
    await rows.query(NUMBER_STARTS, [workspaces, runs]);
  },
};

/** What runs do and did. Run whole: the number of a run depends on those before it in its workspace. */
export const runsProjection = together('runs', 2, [runViews, runNumbers, autoResolutions]);
