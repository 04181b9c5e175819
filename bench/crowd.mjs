/**
 * Fifty agents at once in the whole platform as `npm start` runs it, on two processors: the platform with its database, all sandboxes
 * and runners, and this client. How long a query takes meanwhile, how late what happens reaches a subscriber, and how long
 * an agent waits for its first words. Before that, the same of one agent alone. Needs `taskset`.
 *
 * An agent makes eight turns; in each it says something and runs a program of 200 ms.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from '../scripts/load/api.mjs';
import { startPlatform } from '../scripts/load/platform.mjs';
import { Watchers } from '../scripts/load/watchers.mjs';
import { percentiles } from './rounds.mjs';

const CROWD = 50;
const WATCHED = 5;
const PROCESSORS = 2;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 240_000;
const START = `mutation ($input: StartRunInput!) { result: startRun(input: $input) { __typename ... on Run { id } ... on Refusal { code message } ... on RunDeclined { retryable } } }`;
const RUNS = `{ runs(filter: { flow: "crowd" }, first: 100) { nodes { id number status availableActions cost { total { formatted } } } } }`;
const REFUSAL = '... on Refusal { code message }';

export async function run({ rounds, quick, log }) {
  const allowed = processorsOf(process.pid);
  pin(process.pid, allowed.slice(0, PROCESSORS));
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-bench-crowd-')));
  let stop = () => Promise.resolve();
  try {
    await chmod(home, 0o755); // as a data directory below a project's folder is
    const environment = { SANDBOX_MAX_ATTEMPTS: String(CROWD) };
    const onSpawn = stopIt => (stop = stopIt);
    const platform = await startPlatform({ plan: { mode: 'standalone' }, home, environment, onSpawn });
    const api = new Api(platform.url, platform.token);
    await publish(api);
    await play(api, 1, home); // the first sandbox of a process proves its isolation
    const [alone, crowd] = [[], []];
    for (let round = 0; round < (quick ? 1 : rounds); round += 1) {
      for (let n = 0; n < (quick ? 1 : 3); n += 1) alone.push(await play(api, 1, home));
      crowd.push(await play(api, CROWD, home));
      const { queries, late, seconds } = crowd.at(-1);
      log(
        `crowd: round ${round + 1}: ${CROWD} agents in ${seconds.toFixed(1)} s; query p50 ${queries.p50.toFixed(0)}, p99 ${queries.p99.toFixed(0)} ms; late p99 ${late.p99.toFixed(0)} ms`,
      );
    }
    return report(alone, crowd);
  } finally {
    await stop();
    rmSync(home, { recursive: true, force: true });
    pin(process.pid, allowed);
  }
}

function report(alone, crowd) {
  const figure = (name, unit, results, valueOf) => ({ name, unit, values: results.map(valueOf) });
  const late = figure('one agent: event → subscriber, p99', 'ms', alone, ({ late }) => late.p99);
  const query = figure('50 agents: query of 50 runs, p99', 'ms', crowd, ({ queries }) => queries.p99);
  return {
    figures: [
      { ...late, goal: { atMost: 150 } },
      figure('one agent: query, p50', 'ms', alone, ({ queries }) => queries.p50),
      figure('50 agents: query of 50 runs, p50', 'ms', crowd, ({ queries }) => queries.p50),
      { ...query, goal: { atMost: 1_000 } },
      figure('50 agents: event → subscriber, p50', 'ms', crowd, ({ late }) => late.p50),
      figure('50 agents: event → subscriber, p99', 'ms', crowd, ({ late }) => late.p99),
      figure('50 agents: start asked → first event of a program, p50', 'ms', crowd, ({ first }) => first.p50),
      figure('50 agents: all done after', 's', crowd, ({ seconds }) => seconds),
      figure('50 agents: resident memory of all runners, most', 'MB', crowd, ({ runnersMb }) => runnersMb),
      figure('50 agents: of which their own', 'MB', crowd, ({ ownMb }) => ownMb),
    ],
    ratios: [],
    checks: [{ name: 'every agent succeeded', met: [...alone, ...crowd].every(({ succeeded }) => succeeded) }],
  };
}

async function publish(api) {
  const definition = {
    ...{ slug: 'crowd', name: 'Crowd', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
    ...{ resourceClass: 'small', network: 'none', limits: LIMITS },
  };
  await api.do(
    `mutation ($input: SandboxProfileInput!) { result: publishSandboxProfile(input: $input) { __typename ${REFUSAL} } }`,
    { input: { definition } },
  );
  const turn = n => ({ text: `Turn ${n}.`, tools: [{ name: 'bash', arguments: { command: `sleep 0.2; echo ${n}` } }] });
  const script = [...Array.from({ length: 8 }, (_, n) => turn(n + 1)), { text: 'Done.' }];
  const agent = { provider: 'scripted', prompt: 'Work.', permissions: 'ALLOW', tools: ['bash'], script };
  const source = JSON.stringify({
    ...{ slug: 'crowd', defaults: { profile: 'crowd' } },
    steps: [{ key: 'work', agent }],
  });
  await api.do(
    `mutation ($input: PublishFlowInput!) { result: publishFlow(input: $input) { __typename ${REFUSAL} } }`,
    { input: { source } },
  );
}

const MIB = 1_048_576;
const LIMITS = {
  ...{ memoryBytes: 256 * MIB, pids: 64, cpuPercent: 100, tmpBytes: 16 * MIB },
  ...{ workspaceBytes: 32 * MIB, outputBytes: MIB },
};

/** So many agents at once, from their start to the end of the last one. */
async function play(api, count, home) {
  const watchers = new Watchers(api);
  try {
    const began = performance.now();
    const runs = await Promise.all(Array.from({ length: count }, () => start(api)));
    runs.slice(0, WATCHED).forEach(runId => watchers.watch(runId));
    const seen = await untilOver(api, new Set(runs), home);
    const seconds = (performance.now() - began) / 1_000;
    const watched = await watchers.finish();
    const first = watched.map(({ events, startedAt = Date.parse(events[0].occurredAt) }) => {
      const found = events.find(({ type }) => type === 'ToolCallStarted');
      return Date.parse(found.occurredAt) - startedAt;
    });
    return { seconds, ...seen, first: percentiles(first), late: percentiles(watched.flatMap(({ lateMs }) => lateMs)) };
  } finally {
    watchers.stop();
  }
}

async function start(api) {
  const { id } = await api.do(START, { input: { flow: 'crowd' } });
  return id;
}

/** Asks for the runs all the time, as a front end does, and looks at the runners now and then. */
async function untilOver(api, runIds, home) {
  const took = [];
  let [runnersMb, ownMb] = [0, 0];
  const until = performance.now() + PATIENCE_MS;
  for (let n = 0; performance.now() < until; n += 1) {
    const asked = performance.now();
    const { runs } = await api.ask(RUNS);
    took.push(performance.now() - asked);
    const ours = runs.nodes.filter(({ id }) => runIds.has(id));
    const over = ours.filter(({ status }) => !['PENDING', 'RUNNING'].includes(status));
    if (over.length === runIds.size) {
      const succeeded = over.every(({ status }) => status === 'COMPLETED');
      return { queries: percentiles(took), succeeded, runnersMb, ownMb };
    }
    if (n % 20 === 10) {
      const now = memoryOfRunners(home);
      [runnersMb, ownMb] = [Math.max(runnersMb, now.Rss), Math.max(ownMb, now.Private_Dirty)];
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`The agents were not done after ${PATIENCE_MS} ms.`);
}

/** In MB; of those at work, known by the directory that each is started with. */
function memoryOfRunners(home) {
  const sum = { Rss: 0, Private_Dirty: 0 };
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes(home) || !command.includes('/runners/')) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      for (const key of Object.keys(sum)) {
        sum[key] += Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1_024;
      }
    } catch {
      // it is gone already
    }
  }
  return sum;
}

/** What a process and all that it starts from now on may use. */
function pin(pid, processors) {
  execFileSync('taskset', ['-apc', processors.join(','), String(pid)], { stdio: 'ignore' });
}

function processorsOf(pid) {
  const [, list = ''] = /^Cpus_allowed_list:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return list.split(',').flatMap(range => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}
