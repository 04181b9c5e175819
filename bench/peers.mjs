/**
 * The same ten steps by other engines, in turn with ours in every round, so that the ratios come from one run: 50 at once, and
 * one at a time. A step's body does nothing and returns a small JSON.
 *
 *   Runledger   the engine in a process of its own, on PostgreSQL, started and awaited there; compared are steps that call a
 *               function (engine.mjs), which promise what the others promise: a step is recorded once, after its body, and the
 *               body runs again if that was lost.
 *               `claimed` is how steps in a sandbox work, and promises more.
 *   DBOS        in a process of its own, on the same PostgreSQL, started and awaited there; defaults.
 *   Restate     server, service process and HTTP client (this process); defaults, so its log is synced to disk.
 *
 * All commit durably, and each begins when what the one before has left to write is written, with a lap that is not counted: the
 * others had the processors and the memory in between. Each has as many processes as its quick start has. With `--processes N` ours
 * and DBOS are measured with so many processes as well, which share the work on one database, and the better figure of each is
 * compared; Restate's server uses all cores as it is. The packages are pinned in bench/peers and installed there by the first call, not with the product.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openProcesses } from './processes.mjs';
import { median } from './rounds.mjs';
import { withDatabase } from './server.mjs';

const IN_FLIGHT = 50;
const SETTLE_MS = 2_000;
const FOLDER = new URL('peers/', import.meta.url);

const ENGINE = new URL('engine.worker.mjs', import.meta.url);
const DBOS = new URL('dbos.worker.mjs', FOLDER);
const OURS = ['Runledger, functions', 'Runledger, claimed'];

export async function run({ databaseUrl, rounds, quick, log, processes }) {
  install(log);
  const size = quick
    ? { runs: 200, alone: 30, warm: 100, lap: 20 }
    : { runs: 2_000, alone: 150, warm: 5_000, lap: 500 };
  // Each engine has a database of its own.
  return withDatabases(databaseUrl, 3 + (processes > 1 ? 3 : 0), urls =>
    measure(urls, size, { rounds, log, processes }),
  );
}

function withDatabases(first, count, work, urls = [first]) {
  if (urls.length === count) return work(urls);
  return withDatabase(first, next => withDatabases(first, count, work, [...urls, next]));
}

async function measure(urls, size, { rounds, log, processes }) {
  const { openRestate } = await import('./peers/restate.mjs');
  const inProcesses = (worker, url, count, ...more) =>
    openProcesses(worker, count, number => [url, ...more, ...(count === 1 ? [] : [String(number)])]);
  const open = {
    'Runledger, functions': () => inProcesses(ENGINE, urls[0], 1, 'function'),
    'Runledger, claimed': () => inProcesses(ENGINE, urls[1], 1, 'claimed'),
    DBOS: () => inProcesses(DBOS, urls[2], 1),
    Restate: () => openRestate(),
  };
  if (processes > 1) {
    open[several(OURS[0], processes)] = () => inProcesses(ENGINE, urls[3], processes, 'function');
    open[several(OURS[1], processes)] = () => inProcesses(ENGINE, urls[4], processes, 'claimed');
    open[several('DBOS', processes)] = () => inProcesses(DBOS, urls[5], processes);
  }
  const engines = {};
  try {
    for (const [name, opening] of Object.entries(open)) engines[name] = await opening();
    for (const engine of Object.values(engines)) await engine.runMany(size.warm, IN_FLIGHT);
    const results = Object.fromEntries(Object.keys(engines).map(name => [name, { many: [], alone: [] }]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, engine] of Object.entries(engines)) {
        await settled(urls[0]);
        await engine.runMany(size.lap, IN_FLIGHT);
        const many = await engine.runMany(size.runs, IN_FLIGHT);
        const alone = await engine.runMany(size.alone, 1);
        results[name].many.push(many);
        results[name].alone.push(alone);
        log(
          `peers: round ${round + 1}, ${name}: ${Math.round(many.stepsPerSecond)} steps/s, alone p50 ${alone.p50.toFixed(1)} ms`,
        );
      }
    }
    const problems = await Promise.all(Object.values(engines).map(engine => engine.problems?.() ?? ''));
    return { ...report(results, processes), checks: [checkOf(problems)] };
  } finally {
    for (const engine of Object.values(engines)) await engine.close();
  }
}

function several(name, processes) {
  return `${name}, ${processes} processes`;
}

/** What the engine before has left to write, in the server that most share or elsewhere, is not the affair of the next one. */
async function settled(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('checkpoint');
  await client.end();
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
}

function report(results, processes) {
  const names = Object.keys(results);
  const of = (kind, key) => name => results[name][kind].map(each => each[key]);
  const steps = `steps, ${IN_FLIGHT} runs at once`;
  const alone = 'one run alone, p50';
  const figures = [
    ...figuresOf(names, { title: steps, unit: 'steps/s' }, of('many', 'stepsPerSecond')),
    ...figuresOf(names, { title: `one run among ${IN_FLIGHT}, p50`, unit: 'ms' }, of('many', 'p50')),
    ...figuresOf(names, { title: alone, unit: 'ms' }, of('alone', 'p50')),
    ...figuresOf(names, { title: 'one run alone, p99', unit: 'ms' }, of('alone', 'p99')),
  ];
  // Of each engine, the number of processes with which it is faster.
  const best = name => {
    const candidates = [name, several(name, processes)].filter(each => each in results);
    const rate = each => median(of('many', 'stepsPerSecond')(each));
    return candidates.reduce((a, b) => (rate(b) > rate(a) ? b : a));
  };
  const ratio = (title, own, peer, goal) => ({
    name: `${title}: ${own} / ${peer}`,
    of: `${own}: ${title}`,
    to: `${peer}: ${title}`,
    ...(goal && { goal }),
  });
  const [functions, claimed] = OURS;
  const ratios = [
    ratio(steps, best(functions), best('DBOS'), { atLeast: 3 }),
    ratio(steps, best(functions), 'Restate', { atLeast: 2 }),
    ratio(steps, best(claimed), best('DBOS')),
    ratio(steps, best(claimed), 'Restate'),
    ratio(alone, functions, 'DBOS'),
    ratio(alone, functions, 'Restate'),
  ];
  return { figures, ratios };
}

/** Of our own engines: their logs can be asked. */
function checkOf(problems) {
  const detail = problems.filter(Boolean).join('; ');
  return {
    name: 'every run of Runledger completed, every step once',
    met: detail === '',
    detail: detail || undefined,
  };
}

function figuresOf(names, { title, unit }, valuesOf) {
  return names.map(name => ({ name: `${name}: ${title}`, unit, values: valuesOf(name) }));
}

/** Without their scripts: none is needed, and one would send statistics. */
function install(log) {
  const wanted = JSON.parse(readFileSync(new URL('package.json', FOLDER), 'utf8')).dependencies;
  const isThere = ([name, version]) => {
    const manifest = new URL(`node_modules/${name}/package.json`, FOLDER);
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  };
  if (Object.entries(wanted).every(isThere)) return;
  log('peers: installing the packages of bench/peers (npm ci)');
  const options = ['ci', '--ignore-scripts', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawnSync('npm', options, {
    cwd: fileURLToPath(FOLDER),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error('npm ci failed in bench/peers; what it said is above.');
}
