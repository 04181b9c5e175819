/**
 * What `npm test` runs: format, types, lint, and every spec. All of them run even when one fails; the last line counts them
 * (each check counts as one), and the exit code is 0 only when nothing failed.
 *
 * A skipped spec fails the run: what is not run proves nothing. The one exception is a spec that needs a program this
 * machine does not have; it says so in its name, as in "(needs bwrap)". Where CI is set, Kafka's specs must run nevertheless.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { summarise } from './test-report.mjs';

const root = join(import.meta.dirname, '..');
const environment = { ...process.env, CI: 'true', NX_DAEMON: 'false', NO_COLOR: '1' };
/** The longest spec takes two minutes. When none has ended for so long, one hangs, and no time limit of Jest's can end it. */
const SILENCE_MS = 8 * 60_000;
/** Specs wait for processes, disks and timers two fifths of their time: two more keep the processors at work. */
const WORKERS = availableParallelism() + 2;
/** What a real Kafka broker takes: on a machine that is there to prove things, it must be there. */
const required = process.env.CI ? ['java', 'mvn'] : [];
/** What the checks remember from one run to the next. */
const CHECKED = join('node_modules', '.cache', 'runledger');
const bin = name => join('node_modules', ...name);
const tools = {
  prettier: bin(['prettier', 'bin', 'prettier.cjs']),
  tsc: bin(['typescript-7', 'bin', 'tsc']),
  eslint: bin(['eslint', 'bin', 'eslint.js']),
  nx: bin(['nx', 'dist', 'bin', 'nx.js']),
  jest: bin(['jest', 'bin', 'jest.js']),
};

process.exitCode = (await main()) ? 0 : 1;

async function main() {
  const only = process.argv.slice(2);
  const [checks, specs] = only.length > 0 ? [[], await runSpecs(only)] : await everything();
  const passed = checks.filter(Boolean).length + specs.passed;
  const failed = checks.length - checks.filter(Boolean).length + specs.failed;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/** The lint takes one processor for longer than the other checks take: the specs do not wait for it. */
async function everything() {
  const lints = check('lint', lint);
  const others = await Promise.all([check('format', formatting), check('types', types)]);
  const specs = await runSpecs([]);
  return [[...others, await lints], specs];
}

async function check(name, run) {
  const began = performance.now();
  const { ok, output } = await run();
  console.log(`${ok ? 'PASS' : 'FAIL'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(output.trim());
  return ok;
}

/** A file that was found to be well formatted is not looked at again until it, the settings or Prettier have changed. */
async function formatting() {
  const kept = ['--cache', '--cache-strategy=content', `--cache-location=${join(CHECKED, 'format')}`];
  return node([tools.prettier, '--check', '--log-level=warn', ...kept, '.']);
}

/**
 * What does not depend on anything that has changed is not checked again. One checker: each of several finds out anew what
 * a type is, and the lint beside it takes longer anyway. The compiler is written in Go, which is told to collect memory less often.
 */
async function types() {
  const kept = ['--incremental', '--tsBuildInfoFile', join(CHECKED, 'types.tsbuildinfo')];
  const args = [tools.tsc, '-p', 'tsconfig.json', '--pretty', 'false', '--checkers', '1', ...kept];
  return node(args, { settings: { GOGC: '400' } });
}

/**
 * One ESLint for everything, which reads the types once; only for what could be otherwise than when it was found in order. Nx goes
 * first: the boundary rule asks its project graph who is who, and without one skips itself and passes.
 */
async function lint() {
  const { unlinted } = await import('./lint-keys.mjs');
  const { paths, remember } = unlinted(root, join(root, CHECKED, 'lint.json'));
  if (paths.length === 0) return { ok: true, output: '' };
  const graph = await node([tools.nx, 'show', 'projects']);
  if (!graph.ok) return graph;
  const found = await node([tools.eslint, '--max-warnings', '0', '--no-warn-ignored', ...paths]);
  if (/rule will be skipped/i.test(found.output)) {
    return {
      ok: false,
      output: `${found.output}\nThe boundary rule was skipped, so this proves nothing. Remove .nx and try again.`,
    };
  }
  if (found.ok) remember();
  return found;
}

async function runSpecs(only) {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-test-report-'));
  const report = join(folder, 'report.json');
  const flags = ['--disable-warning=ExperimentalWarning'];
  const options = ['--ci', `--maxWorkers=${WORKERS}`, '--json', `--outputFile=${report}`];
  try {
    const { output } = await node([...flags, tools.jest, ...options, ...only], { shown: true });
    if (!existsSync(report)) {
      for (const name of await unended(output, only)) console.log(`Did not end: ${name}`);
      return { passed: 0, failed: 1 };
    }
    const { passed, failed, unproven } = summarise(JSON.parse(readFileSync(report, 'utf8')), { required });
    for (const name of unproven) console.log(`Skipped, though this machine could run it: ${name}`);
    return { passed, failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The specs of which Jest has not said how they ended. */
async function unended(output, only) {
  const list = await node([tools.jest, '--listTests', ...only]);
  const paths = list.output.split('\n').flatMap(line => (line.startsWith(root) ? [relative(root, line.trim())] : []));
  return paths.filter(path => !new RegExp(`^(PASS|FAIL) ${RegExp.escape(path)}`, 'm').test(output));
}

/**
 * Runs a script on this very Node, with `settings` in its environment. Shown: its standard error, where Jest reports, goes to the
 * terminal as it comes, and the script is killed with all it has started when nothing comes for a long time.
 */
function node(args, { shown = false, settings = {} } = {}) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...environment, ...settings },
      stdio: ['ignore', shown ? 'ignore' : 'pipe', 'pipe'],
      detached: shown, // a group of its own, so that a process that hangs can be ended as well
    });
    const end = signal => process.kill(shown ? -child.pid : child.pid, signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end);
    const silence = shown && setTimeout(() => end('SIGKILL'), SILENCE_MS);
    let output = '';
    const take = chunk => {
      output += chunk;
      if (!shown) return;
      process.stderr.write(chunk);
      silence.refresh();
    };
    child.stdout?.on('data', take);
    child.stderr.on('data', take);
    child.on('close', code => {
      clearTimeout(silence);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, end);
      resolve({ ok: code === 0, output });
    });
  });
}
