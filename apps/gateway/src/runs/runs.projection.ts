import { RunStarted } from '@runledger/contracts';
import type { Projection, Recorded } from '@runledger/projections';
import { autoResolutions } from '../auto-resolutions/auto-resolutions.projection.js';
import { together } from '../reads/composite-projection.js';
import { applyToRuns } from './run-tables.js';
import { runViewEvents, type RunViewEvent } from './run-view.js';

/** One row for each run, of constant size, and one for each of its steps. */
const runViews: Projection = {
  name: 'run-views',
  version: 1,
  types: runViewEvents.map(event => event.type),
  tables: ['runs', 'run_steps'],
  apply: (events, rows) => applyToRuns(events as readonly Recorded<RunViewEvent>[], rows),
};

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
export const runsProjection = together('runs', 5, [runViews, runNumbers, autoResolutions]);
