/**
 * npm run bench -- append|read|project|run|steps|attempt|crowd|fork|wake|big|queries|adapters|peers|all [--json] [--rounds N] [--quick] [--write]
 *                  [--processes N]   of the engines in `peers`, beside one process; default 1
 *
 * Measures against baselines of the same run, so that the ratios hold on any machine. Ends with 1 when a goal was missed.
 * With --write, what was measured goes into docs/reference/performance.md as well.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { commandLine } from '../scripts/command-line.mjs';
import { writePage } from './page.mjs';
import { allMet, summarise, table } from './report.mjs';
import { openServer, serverVersion, withDatabase } from './server.mjs';

const MODULES = [
  'append',
  'read',
  'project',
  'run',
  'steps',
  'attempt',
  'crowd',
  'fork',
  'wake',
  'big',
  'queries',
  'adapters',
  'peers',
];

process.exitCode = await main();

async function main() {
  const wanted = readArguments();
  if (typeof wanted === 'string') {
    console.error(wanted);
    return 2;
  }
  const log = text => process.stderr.write(`${text}\n`);
  const load = { before: loadavg().map(round2) };
  const server = await openServer();
  const close = once(() => server.close());
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt(close));
  try {
    const versions = { node: process.versions.node, postgres: await serverVersion(server.url), ...packageVersions() };
    const modules = {};
    for (const name of wanted.names) {
      log(`${name}: ${wanted.rounds} rounds${wanted.quick ? ', quick' : ''}`);
      modules[name] = await measure(name, server.url, { ...wanted, log });
    }
    const about = {
      date: new Date().toISOString(),
      rounds: wanted.rounds,
      quick: wanted.quick,
      machine: machine(),
      versions,
      load: { ...load, after: loadavg().map(round2) },
    };
    const met = allMet(modules);
    if (wanted.write) await writePage(modules, about);
    process.stdout.write(
      wanted.json ? `${JSON.stringify({ ...about, met, modules }, null, 2)}\n` : `${table(modules, about)}\n`,
    );
    return met ? 0 : 1;
  } finally {
    await close();
  }
}

/** The server goes away under the module at work: whatever that breaks there does not keep this from tidying up. */
function interrupt(close) {
  process.on('uncaughtException', () => undefined);
  process.on('unhandledRejection', () => undefined);
  void close().finally(() => process.exit(130));
}

async function measure(name, serverUrl, { rounds, quick, log, processes }) {
  const { run } = await import(`./${name}.mjs`);
  const options = { rounds, ...(quick && { seconds: 0.2 }) };
  const answer = await withDatabase(serverUrl, databaseUrl =>
    run({ databaseUrl, rounds, quick, log, processes, options }),
  );
  return summarise(answer);
}

/** What to do, or what is wrong with the arguments. */
function readArguments() {
  const flag = { type: 'boolean' };
  const options = { json: flag, quick: flag, write: flag, rounds: { type: 'string' }, processes: { type: 'string' } };
  const { values, positionals } = commandLine(import.meta.url, { options, allowPositionals: true });
  const [name = 'all'] = positionals;
  const names = name === 'all' ? MODULES : [name];
  const missing = names.filter(each => !MODULES.includes(each) || !existsSync(new URL(`${each}.mjs`, import.meta.url)));
  if (missing.length > 0)
    return `There is no bench "${missing.join(', ')}"; choose one of ${MODULES.join(', ')} or all.`;
  const quick = values.quick ?? false;
  const rounds = Number(values.rounds ?? (quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds takes a number from 1.';
  const processes = Number(values.processes ?? 1);
  if (!Number.isInteger(processes) || processes < 1) return '--processes takes a number from 1.';
  return { names, rounds, quick, processes, json: values.json ?? false, write: values.write ?? false };
}

function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
  };
}

function packageVersions() {
  const read = path => JSON.parse(readFileSync(new URL(`../${path}/package.json`, import.meta.url), 'utf8')).version;
  return { runledger: read('.'), pg: read('node_modules/pg'), typeorm: read('node_modules/typeorm') };
}

function once(work) {
  let result;
  return () => (result ??= work());
}

function round2(value) {
  return Math.round(value * 100) / 100;
}
