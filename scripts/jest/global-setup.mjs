/**
 * Runs once before all specs: checks the runtime, compiles, then starts one embedded PostgreSQL on a temporary folder. Its URL
 * reaches the specs as RUNLEDGER_TEST_POSTGRES_URL; set that beforehand to test on a server of one's own.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../compile.mjs';
import { serverPlace } from './server-place.mjs';

/** Where runs before this one may have left something. */
const PLACES = [tmpdir(), '/dev/shm'].map(place => join(place, 'runledger-tests'));

export default async function setUp({ runTestsByPath, testPathPatterns }) {
  checkRuntime();
  // For this file, and for the programs that specs start. Where all specs run, everything is compiled before: a spec that
  // compiles while others start the same programs would take these from under them.
  const isWhole = !runTestsByPath && testPathPatterns.patterns.length === 0;
  await compile(isWhole ? undefined : ['libs/platform']);
  if (isWhole) process.env.RUNLEDGER_TEST_IS_COMPILED = 'yes';
  keepCompiled();
  if (process.env.RUNLEDGER_TEST_POSTGRES_URL) return;
  const { openPostgres } = await import('../../libs/platform/dist/postgres/index.js');
  for (const parent of PLACES) await sweep(openPostgres, parent);
  const dataDir = join(serverPlace(), 'runledger-tests', String(process.pid));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Test data need not survive a crash of the machine.
  const unsafe = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const settings = { ...unsafe, shared_buffers: '64MB', max_wal_size: '256MB' };
  const server = await openPostgres({ dataDir, settings });
  process.env.RUNLEDGER_TEST_POSTGRES_URL = server.url;
  process.env.RUNLEDGER_TEST_SERVER_IS_NEW = 'yes';
  globalThis.stopTestPostgres = async () => {
    process.off('exit', endNow);
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const endNow = () => process.kill(server.pid, 'SIGINT');
  process.once('exit', endNow);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.once(signal, () => process.exit(code));
  }
}

/** Specs start a hundred programs of ours: what V8 has compiled for one of them is kept for the others, until all specs have run. */
function keepCompiled() {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-compiled-'));
  process.env.NODE_COMPILE_CACHE = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/** The pinned Node is what everything is tested on; the system's one is only for machines that cannot install it. */
function checkRuntime() {
  const require = createRequire(import.meta.url);
  const wanted = require('../../package.json').optionalDependencies.node.split('.')[0];
  const running = process.versions.node.split('.')[0];
  if (running === wanted || !existsSync(new URL('../../node_modules/node/bin/node', import.meta.url))) return;
  throw new Error(
    `The specs run on Node ${wanted}, which is installed in node_modules, but this is Node ${process.versions.node}. ` +
      'Start them with `npm test`, or with `npx` before the command.',
  );
}

/** Ends servers and removes folders of test runs that were killed. */
async function sweep(openPostgres, parent) {
  if (!existsSync(parent)) return;
  const dead = readdirSync(parent).filter(pid => !isAlive(Number(pid)));
  for (const pid of dead) {
    const dataDir = join(parent, pid);
    if (existsSync(join(dataDir, 'cluster', 'postmaster.pid'))) await (await openPostgres({ dataDir })).stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
