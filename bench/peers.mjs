/**
 * The same ten steps by other engines, in turn with ours in every round, so that the ratios come from one run: 50 at once, and
 * one at a time. A step's body does nothing and returns a small JSON.
 *
 *   Runledger   the engine in this process, on PostgreSQL; compared is the shape `journalled` (engine.mjs), which promises
 *               what the others promise: a step is recorded once, after its body, and the body runs again if that was lost.
 *               `claimed` is how the product works, and promises more.
 *   DBOS        in a process of its own, started and awaited there, on the same PostgreSQL; defaults.
 *   Restate     server, service process and HTTP client (this process); defaults, so its log is synced to disk.
 *
 * All commit durably. Each has as many processes as its quick start has. The packages are pinned in bench/peers and installed
 * there by the first call, not with the product.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openEngine } from './engine.mjs';
import { withDatabase } from './server.mjs';

const IN_FLIGHT = 50;
const FOLDER = new URL('peers/', import.meta.url);

export async function run({ databaseUrl, rounds, quick, log }) {
  install(log);
  const size = quick ? { runs: 200, alone: 30, warm: 100 } : { runs: 1_000, alone: 100, warm: 500 };
  return withDatabase(databaseUrl, second =>
    withDatabase(databaseUrl, third => measure([databaseUrl, second, third], size, { rounds, log })),
  );
}

async function measure([claimedUrl, journalledUrl, dbosUrl], size, { rounds, log }) {
  const { openDbos } = await import('./peers/dbos.mjs');
  const { openRestate } = await import('./peers/restate.mjs');
  const open = {
    'Runledger, journalled': () => openEngine(journalledUrl, { executor: 'journalled' }),
    'Runledger, claimed': () => openEngine(claimedUrl, { executor: 'claimed' }),
    DBOS: () => openDbos(dbosUrl),
    Restate: () => openRestate(),
  };
  const engines = {};
  try {
    for (const [name, opening] of Object.entries(open)) engines[name] = await opening();
    for (const engine of Object.values(engines)) await engine.runMany(size.warm, IN_FLIGHT);
    const results = Object.fromEntries(Object.keys(engines).map(name => [name, { many: [], alone: [] }]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, engine] of Object.entries(engines)) {
        const many = await engine.runMany(size.runs, IN_FLIGHT);
        const alone = await engine.runMany(size.alone, 1);
        results[name].many.push(many);
        results[name].alone.push(alone);
        log(
          `peers: round ${round + 1}, ${name}: ${Math.round(many.stepsPerSecond)} steps/s, alone p50 ${alone.p50.toFixed(1)} ms`,
        );
      }
    }
    return report(results);
  } finally {
    for (const engine of Object.values(engines)) await engine.close();
  }
}

function report(results) {
  const names = Object.keys(results);
  const of = (kind, key) => name => results[name][kind].map(each => each[key]);
  const figures = [
    ...figuresOf(names, { title: `steps, ${IN_FLIGHT} runs at once`, unit: 'steps/s' }, of('many', 'stepsPerSecond')),
    ...figuresOf(names, { title: `one run among ${IN_FLIGHT}, p50`, unit: 'ms' }, of('many', 'p50')),
    ...figuresOf(names, { title: 'one run alone, p50', unit: 'ms' }, of('alone', 'p50')),
    ...figuresOf(names, { title: 'one run alone, p99', unit: 'ms' }, of('alone', 'p99')),
  ];
  const ratio = (title, own, peer, goal) => ({
    name: `${title}: ${own} / ${peer}`,
    of: `${own}: ${title}`,
    to: `${peer}: ${title}`,
    ...(goal && { goal }),
  });
  const steps = `steps, ${IN_FLIGHT} runs at once`;
  const alone = 'one run alone, p50';
  const ratios = [
    ratio(steps, 'Runledger, journalled', 'DBOS', { atLeast: 3 }),
    ratio(steps, 'Runledger, journalled', 'Restate', { atLeast: 2 }),
    ratio(steps, 'Runledger, claimed', 'DBOS'),
    ratio(steps, 'Runledger, claimed', 'Restate'),
    ratio(alone, 'Runledger, journalled', 'DBOS'),
    ratio(alone, 'Runledger, journalled', 'Restate'),
  ];
  return { figures, ratios, checks: [] };
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
