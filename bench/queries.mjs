/**
 * What front ends ask most, over HTTP: a page of the history with cost and status while the workspace has a million runs, and the
 * page of a run of 500 steps. One run is written into the log; its row is then copied with other ids, states, costs and times.
 */
import { randomUUID } from 'node:crypto';
import { openGateway, writeFlow, writeManySteps } from './big-log.mjs';
import { goal, percentiles } from './rounds.mjs';

const ROW =
  'id number status startedAt durationMs flow { name } startedBy { name } cost { unpriced total { formatted } }';
const PAGES = {
  'newest first': `{ runs(first: 50) { nodes { ${ROW} } pageInfo { endCursor } } }`,
  'the costly ones': `{ runs(first: 50, sort: { by: COST }) { nodes { ${ROW} } pageInfo { endCursor } } }`,
  'the long ones of one flow': `{ runs(first: 50, filter: { flow: "f7" }, sort: { by: DURATION }) { nodes { ${ROW} } pageInfo { endCursor } } }`,
  'unsuccessful ones': `{ runs(first: 50, filter: { group: UNSUCCESSFUL }) { nodes { ${ROW} } pageInfo { endCursor } } }`,
  'far back in the history': `{ runs(first: 50, filter: { startedBefore: "2025-06-01T00:00:00.000Z" }) { nodes { ${ROW} } pageInfo { endCursor } } }`,
};
const RUN_PAGE = `query ($id: ID!) { run(id: $id) { ${ROW} statusReason availableActions waitingOn { what }
  timeline { key number wave name kind state outcome summary startedAt endedAt elapsedMs turns cost { formatted } artifacts { path }
    gate { id state message } } approvals { id state } } }`;

/** Each copy has an own id, state, flow, cost, length and start; a second lies between two of them. */
const COPIES = `
  INSERT INTO gateway.runs
  SELECT copy.*
  FROM gateway.runs r
  CROSS JOIN generate_series(1::bigint, $2::bigint) AS i
  CROSS JOIN LATERAL (SELECT 'run_' || lpad(i::text, 12, '0') AS id,
    (array['COMPLETED', 'COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED'])[1 + i % 5] AS state,
    to_char('2025-01-01'::timestamptz + i * interval '30 seconds', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started) AS made
  CROSS JOIN LATERAL jsonb_populate_record(r, jsonb_build_object(
    'key', r.workspace_id || '/' || made.id, 'run_id', made.id, 'status', made.state,
    'flow_id', 'flow_f' || i % 50, 'flow_slug', 'f' || i % 50, 'started_at', made.started,
    'duration_ms', i * 7919 % 100000, 'cost_micro_units', i * 104729 % 1000000, 'search', made.id,
    'view', r.view::jsonb || jsonb_build_object('id', made.id, 'status', made.state, 'startedAt', made.started))) AS copy
  WHERE r.run_id = $1`;
const NUMBERS = `
  INSERT INTO gateway.run_numbers (workspace_id, run_id, number)
  SELECT r.workspace_id, 'run_' || lpad(i::text, 12, '0'), i + 10
  FROM gateway.runs r CROSS JOIN generate_series(1::bigint, $2::bigint) AS i WHERE r.run_id = $1`;

export async function run({ databaseUrl, quick, log }) {
  const size = quick ? { runs: 20_000, reads: 30 } : { runs: 1_000_000, reads: 200 };
  const gateway = await openGateway(databaseUrl);
  try {
    const [small, big] = [`run_${randomUUID()}`, `run_${randomUUID()}`];
    await writeFlow(gateway);
    await writeManySteps(gateway, small, 4);
    await gateway.caughtUp(await writeManySteps(gateway, big, 500));
    await copy(gateway.pool, small, size.runs, log);
    const reads = {};
    for (const [name, query] of Object.entries(PAGES)) {
      reads[name] = await readMany(
        () => gateway.ask(query),
        size.reads,
        data => data.runs.nodes.length === 50,
      );
      log(`queries: ${name}: p50 ${reads[name].p50.toFixed(1)}, p99 ${reads[name].p99.toFixed(1)} ms`);
    }
    const page = await readMany(() => gateway.ask(RUN_PAGE, { id: big }), size.reads, isWhole);
    log(`queries: page of a run of 500 steps: p50 ${page.p50.toFixed(1)}, p99 ${page.p99.toFixed(1)} ms`);
    return report(size, reads, page);
  } finally {
    await gateway.close();
  }
}

async function copy(pool, runId, count, log) {
  const began = performance.now();
  for (const statement of [COPIES, NUMBERS]) await pool.query(statement, [runId, count]);
  await pool.query('VACUUM ANALYZE gateway.runs, gateway.run_numbers');
  log(`queries: ${count} runs are there after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
}

async function readMany(ask, count, isRight) {
  const latencies = [];
  for (let turn = 0; turn < count; turn += 1) {
    const before = performance.now();
    const data = await ask();
    latencies.push(performance.now() - before);
    if (!isRight(data)) throw new Error(`The answer is not whole: ${JSON.stringify(data).slice(0, 500)}`);
  }
  return percentiles(latencies.slice(5)); // the first ones warm the code
}

function isWhole({ run }) {
  return run.timeline.length === 500;
}

function report({ runs }, reads, page) {
  const figures = Object.fromEntries(
    Object.entries(reads).map(([name, { p50, p99 }]) => [
      `50 of ${runs.toLocaleString('en')} runs, ${name} (ms)`,
      { p50, p99 },
    ]),
  );
  figures['page of a run of 500 steps (ms)'] = { p50: page.p50, p99: page.p99 };
  const worst = Math.max(...Object.values(reads).map(({ p99 }) => p99));
  return {
    figures,
    ratios: {},
    goals: [
      goal('slowest page of the history, p99 (ms)', worst, 'atMost', 50),
      goal('page of a run of 500 steps, p50 (ms)', page.p50, 'atMost', 50),
    ],
  };
}
