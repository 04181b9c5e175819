/**
 * What `npm run load` runs: a platform of its own on the chosen engines, a crowd of runs started through the API, a client that
 * approves their gates, and clients that watch some of them; then checks that everything happened, once. Starts what it needs
 * and leaves nothing behind.
 *
 *   npm run load -- --store postgres|eventstoredb --distribution store-direct|kafka --mode standalone|cluster
 *                   --runs 200 --steps 10 --functions 3 --watchers 20 --isolation none|bubblewrap --json
 *
 * So many of the steps call functions, the others are programs. --database <url> and --brokers <host:port> use engines that run already. Exit code 0: every check is met.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, numbersOf, oneOf } from '../command-line.mjs';
import { Api } from './api.mjs';
import { allOnce, completeness, counted, sameAfterRebuild, verified } from './checks.mjs';
import { withEndings } from './endings.mjs';
import { startEngines } from './engines.mjs';
import { functionsOf, publishFlow } from './flow.mjs';
import { startPlatform } from './platform.mjs';
import { report, summaryOf } from './report.mjs';
import { approveAll, startRuns, untilCompleted } from './runs.mjs';
import { Watchers } from './watchers.mjs';

const CHOICES = {
  store: ['postgres', 'eventstoredb'],
  distribution: ['store-direct', 'kafka'],
  mode: ['standalone', 'cluster'],
  isolation: ['none', 'bubblewrap'],
};
const { values } = commandLine(import.meta.url, {
  options: {
    store: { type: 'string', default: 'postgres' },
    distribution: { type: 'string', default: 'store-direct' },
    mode: { type: 'string', default: 'standalone' },
    runs: { type: 'string', default: '200' },
    steps: { type: 'string', default: '10' },
    functions: { type: 'string', default: '3' },
    watchers: { type: 'string', default: '20' },
    isolation: { type: 'string', default: 'none' },
    patience: { type: 'string', default: '600' },
    database: { type: 'string' },
    brokers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
for (const [name, allowed] of Object.entries(CHOICES)) oneOf(import.meta.url, name, values[name], allowed);
const counts = numbersOf(import.meta.url, values, ['runs', 'steps', 'patience'], { least: 1 });
const { watchers, functions } = numbersOf(import.meta.url, values, ['watchers', 'functions']);
const plan = {
  ...values,
  runs: counts.runs,
  steps: counts.steps,
  functions: Math.min(functions, counts.steps),
  watchers: Math.min(watchers, counts.runs),
  patienceMs: counts.patience * 1_000,
};
const log = plan.json ? () => undefined : line => console.log(line);

await withEndings(async ending => {
  const result = await load(ending);
  console.log(plan.json ? JSON.stringify(result) : summaryOf(result));
  return result.checks.every(check => check.met);
});

async function load(ending) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-load-')));
  ending.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const engines = await startEngines(plan, { home, log, ending });
  let stopPlatform;
  ending.push(() => stopPlatform?.());
  const onSpawn = stop => (stopPlatform = stop);
  const environment = { ...engines.environment, ...functionsOf(home) };
  const start = () => startPlatform({ plan, home, environment, onSpawn });
  const platform = await start();
  log(`The platform is ready: ${platform.log}.`);
  const api = new Api(platform.url, platform.token);
  await publishFlow(api, plan, home);
  const work = await drive(api);
  const checks = [
    await allOnce(api, work.runIds, plan),
    counted(home, work.runIds, plan),
    await completeness(api, work.watched),
    engines.carried(work.health),
    await verified({ home, environment: engines.environment }),
    await sameAfterRebuild({
      databaseUrl: engines.databaseUrl,
      log,
      restart: async () => {
        await platform.stop();
        return () => start().then(again => new Api(again.url, again.token));
      },
    }),
  ];
  return report(plan, { ...work, checks, place: platform.log });
}

async function drive(api) {
  const watchers = new Watchers(api);
  const done = new AbortController();
  const health = api.watchHealth(done.signal);
  const approving = approveAll(api, done.signal);
  const began = performance.now();
  const driving = async () => {
    const { runIds, startMs } = await startRuns(
      api,
      plan,
      (runId, index) => index < plan.watchers && watchers.watch(runId),
    );
    log(`${runIds.length} runs are started (${seconds(began)}).`);
    await untilCompleted(api, { ...plan, log });
    log(`All are completed (${seconds(began)}).`);
    return { runIds, startMs, tookMs: performance.now() - began, watched: await watchers.finish() };
  };
  try {
    const driven = await Promise.race([driving(), approving.then(() => new Promise(() => undefined))]);
    done.abort();
    return { ...driven, decideMs: await approving, health: await health, behind: api.behind, notNow: api.notNow };
  } finally {
    done.abort();
    watchers.stop();
  }
}

function seconds(began) {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}
