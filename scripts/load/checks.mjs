import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countFile, gatesOf } from './flow.mjs';
import { forgetReadModels, readModelDigests } from './read-models.mjs';
import { sideBySide } from './runs.mjs';

const RUN = `query ($id: ID!) { run(id: $id) { status timeline { key state attempts { number } } approvals { state } } }`;
const EVENTS = `query ($runId: ID!, $after: Position) { events(runId: $runId, after: $after, first: 200) { nodes { id position } pageInfo { hasNextPage endCursor } } }`;

/** Every run is completed, each of its steps by one attempt, each gate approved. */
export async function allOnce(api, runIds, { steps }) {
  const wrong = [];
  await sideBySide(runIds, 8, async id => {
    const { run } = await api.ask(RUN, { id });
    const once =
      run.timeline.length === steps &&
      run.timeline.every(step => step.state === 'COMPLETED' && step.attempts.length === 1);
    const gates = run.approvals.length === gatesOf(steps) && run.approvals.every(({ state }) => state === 'DECIDED');
    if (run.status !== 'COMPLETED' || !once || !gates) wrong.push({ id, ...run });
  });
  const detail = wrong.length === 0 ? undefined : JSON.stringify(wrong[0]);
  return { name: `${runIds.length} runs are completed, their steps and gates once`, met: wrong.length === 0, detail };
}

/** What the steps wrote outside of the platform: each once. */
export function counted(home, runIds, { steps }) {
  const file = countFile(home);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const expected = new Set(runIds.flatMap(runId => Array.from({ length: steps }, (_, n) => `${runId} s${n}`)));
  const distinct = new Set(lines);
  const missing = [...expected].filter(line => !distinct.has(line)).length;
  const repeated = lines.length - distinct.size;
  const met = missing === 0 && repeated === 0 && distinct.size === expected.size;
  return {
    name: `${expected.size} steps did their work once`,
    met,
    detail: met ? undefined : `${missing} missing, ${repeated} repeated`,
  };
}

/** Whoever watched saw exactly what the log has, in its order. */
export async function completeness(api, watched) {
  const wrong = [];
  for (const { runId, events, error } of watched) {
    const logged = await eventsOf(api, runId);
    const same = JSON.stringify(logged) === JSON.stringify(events.map(({ id, position }) => ({ id, position })));
    if (error || !same) wrong.push(`${runId}: ${error?.message ?? `saw ${events.length} of ${logged.length} events`}`);
  }
  const total = watched.reduce((sum, { events }) => sum + events.length, 0);
  const name = `${watched.length} subscribers saw exactly the log (${total} events)`;
  return { name, met: wrong.length === 0 && total > 0, detail: wrong[0] };
}

async function eventsOf(api, runId) {
  const all = [];
  for (let after = null; ;) {
    const { events } = await api.ask(EVENTS, { runId, after });
    all.push(...events.nodes);
    if (!events.pageInfo.hasNextPage) return all;
    after = events.pageInfo.endCursor;
  }
}

/** What `npm run projections -- verify` says beside the platform that runs: every row is what a rebuild makes of the log. */
export async function verified({ home, environment }) {
  const programs = join(import.meta.dirname, '..', '..', 'apps', 'standalone', 'dist');
  const program = ['--import', join(programs, 'source-maps.js'), join(programs, 'projections.js')];
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, RUNLEDGER_HOME: home, ...environment };
  const { code, said } = await new Promise(resolve =>
    execFile(process.execPath, [...program, 'verify'], { env, maxBuffer: 64 * 1_048_576 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, said: stdout + stderr }),
    ),
  );
  const lines = said.trim().split('\n');
  const wrong = lines.filter(line => !line.endsWith('  equal'));
  const name = `${lines.length - wrong.length} tables of read models are equal to their rebuild`;
  return {
    name,
    met: code === 0 && wrong.length === 0,
    detail: code === 0 ? wrong[0] : `exit code ${code}: ${wrong[0]}`,
  };
}

/** Read models that are thrown away and built again from the log are the same, row by row (P2). */
export async function sameAfterRebuild({ databaseUrl, restart, log }) {
  const start = await restart();
  const before = await readModelDigests(databaseUrl);
  const positions = await forgetReadModels(databaseUrl);
  const began = performance.now();
  const api = await start();
  await positions.reached(api);
  log(`The read models were built again (${((performance.now() - began) / 1_000).toFixed(1)} s).`);
  const after = await readModelDigests(databaseUrl);
  const different = [...before]
    .filter(([table, { digest }]) => after.get(table)?.digest !== digest)
    .map(([table]) => table);
  const rows = [...before.values()].reduce((sum, table) => sum + table.rows, 0);
  const met = different.length === 0 && after.size === before.size && rows > 0;
  return {
    name: `read models are the same after a rebuild (${before.size} tables, ${rows} rows)`,
    met,
    detail: different.join(', ') || undefined,
  };
}
