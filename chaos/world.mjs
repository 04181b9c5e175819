import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../infra/kafka/start-kafka.mjs';
import { lastingPorts } from '../libs/platform/dist/processes/lasting-ports.js';

const root = join(import.meta.dirname, '..');
const SOURCE_MAPS = join(root, 'apps', 'standalone', 'dist', 'source-maps.js');
const REPLICAS = 'gateway=2,orchestrator=2,sandbox=2,approval=2,billing=2,audit=1';
const READY_WITHIN_MS = 120_000;
const MOST_OUTPUT_CHARS = 20_000;

/**
 * A cluster in a folder of its own, with the store and the distribution that were asked for. `folder` is where work is counted
 * outside the sandboxes, `calls` the file in which functions are, `restarts` kill and start again what is not a service. Everything ends with `close`; the
 * processes' words are kept beside the folder when something was found.
 */
export async function openWorld({ store, distribution }, say) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-chaos-')));
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-chaos-counts-')));
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'ran'), '');
  chmodSync(join(folder, 'ran'), 0o666); // each sandbox is a user of its own
  const calls = join(home, 'calls');
  writeFileSync(calls, '');
  const endings = [];
  const close = async () => {
    for (const end of endings.splice(0).reverse()) await end();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const environment = {
      PATH: process.env.PATH,
      HOME: home,
      RUNLEDGER_HOME: home,
      RUNLEDGER_SAMPLE: 'off',
      SANDBOX_MOUNT_SOURCES: folder,
      ORCHESTRATOR_FUNCTIONS: join(import.meta.dirname, 'functions.mjs'),
      CHAOS_CALLS: calls,
      PORT: '0',
      LOG_LEVEL: 'warn',
    };
    const restarts = { PostgreSQL: async () => killPostmaster(home) };
    if (distribution === 'kafka') await addKafka(environment, restarts, endings, home);
    if (store === 'eventstoredb') await addDouble(environment, endings);
    const cluster = await startCluster(environment, join(tmpdir(), `runledger-chaos-${process.pid}.log`), say);
    endings.push(() => cluster.stop());
    const { members } = JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8'));
    return {
      folder,
      calls,
      supervisor: cluster.pid,
      urls: members.flatMap(({ apiUrl }) => apiUrl ?? []),
      token: readFileSync(join(home, 'token'), 'utf8').trim(),
      restarts,
      verify: () => verify(environment),
      storedTimes: () => storedTimes(environment),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The supervisor starts it again; while it is not there, it cannot be killed. */
function killPostmaster(home) {
  try {
    const file = join(home, 'postgres', 'cluster', 'postmaster.pid');
    process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
  }
}

/** Killed and started again on the same port with the same data, as an operator would. */
async function addKafka(environment, restarts, endings, home) {
  const dataDir = join(home, 'kafka');
  const [port] = await lastingPorts(1, '127.0.0.1');
  let kafka = await startKafka({ dataDir, port });
  endings.push(() => kafka.stop());
  Object.assign(environment, { DISTRIBUTION: 'kafka', KAFKA_BROKERS: kafka.brokers.join(',') });
  restarts.Kafka = async () => {
    await kafka.stop();
    kafka = await startKafka({ dataDir, port });
  };
}

async function addDouble(environment, endings) {
  const { startEventStoreDouble } = await import('../libs/testing/dist/eventstoredb/index.js');
  const double = await startEventStoreDouble();
  endings.push(() => double.stop());
  Object.assign(environment, { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL: double.connectionString });
}

async function startCluster(environment, logFile, say) {
  const main = join(root, 'apps', 'standalone', 'dist', 'cluster.js');
  const child = spawn(process.execPath, ['--import', SOURCE_MAPS, main, '--replicas', REPLICAS], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log, { end: false });
    stream.on('data', chunk => (output = (output + chunk).slice(-MOST_OUTPUT_CHARS)));
  }
  const ended = once(child, 'close');
  const ready = new Promise(resolve => {
    child.stdout.on('data', () => /Runledger is ready[^]*Processes/.test(output) && resolve(true));
  });
  const late = new Promise(resolve => setTimeout(resolve, READY_WITHIN_MS, false).unref());
  if (!(await Promise.race([ready, ended.then(() => false), late]))) {
    child.kill('SIGKILL');
    throw new Error(`The cluster did not start. It said:\n${output}`);
  }
  say(`The cluster is process ${child.pid}; what it says is in ${logFile}`);
  return {
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      log.end();
    },
  };
}

/** The read models against their rebuild, by the command that operators use. */
async function verify(environment) {
  const { code, output } = await beside(environment, [
    join(root, 'apps', 'standalone', 'dist', 'projections.js'),
    'verify',
  ]);
  return { equal: code === 0, detail: output };
}

/** When the log took each event of a run, ms since the epoch by id. */
async function storedTimes(environment) {
  const { code, output } = await beside(environment, [join(import.meta.dirname, 'stored-times.mjs')]);
  if (code !== 0) throw new Error(`The log could not be read: ${output}`);
  const lines = output.split('\n').filter(Boolean);
  return new Map(lines.map(line => line.split(' ')).map(([id, at]) => [id, Number(at)]));
}

/** A program beside the platform, with its environment, to its end. */
async function beside(environment, program) {
  const child = spawn(process.execPath, ['--import', SOURCE_MAPS, ...program], { env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}
