/**
 * What a step costs besides its work: the whole platform in this process, as `npm start` runs it, with real sandboxes. Runs of
 * ten chained steps whose command is `true`, one run at a time. A step's own time goes from the moment when the event
 * before it was stored (the run's start, or the end of the attempt before) to the moment when its own end was stored.
 * An agent plays turns of one tool call each; a round goes from one stored turn to the next.
 *
 * Baseline of the same round: this process spawns a bare `bash -c true` and waits for its end.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { DEFAULT_LIMITS, PublishFlow, PublishSandboxProfile, StartRun } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { gatewayAdapter } from '@runledger/gateway';
import { COMMAND_CLIENT, createLog, silentTelemetry } from '@runledger/platform';
import { StandaloneModule } from '../apps/standalone/dist/standalone.module.js';
import { readStandaloneConfig } from '../apps/standalone/dist/standalone.config.js';
import { openStorage } from '../apps/standalone/dist/storage.js';
import { overheard } from './overheard-store.mjs';
import { percentiles } from './rounds.mjs';

const STEPS = 10;
const TENANT = 'ws_bench';
const RUN_PATIENCE_MS = 60_000;

const CHAIN = `slug: chain
defaults: { profile: plain }
steps:
${Array.from({ length: STEPS }, (_, n) => `  - { key: s${n}, run: 'true', needs: [${n === 0 ? '' : `s${n - 1}`}] }`).join('\n')}
`;
const TOOLS = [
  { name: 'bash', arguments: { command: 'true' } },
  { name: 'write_file', arguments: { path: 'note.txt', content: 'one line\n' } },
  { name: 'read_file', arguments: { path: 'note.txt' } },
  { name: 'edit_file', arguments: { path: 'note.txt', old_string: 'one', new_string: 'another' } },
  { name: 'list_files', arguments: {} },
];
const AGENT = JSON.stringify({
  slug: 'agent',
  defaults: { profile: 'plain' },
  steps: [
    {
      key: 'work',
      agent: {
        provider: 'scripted',
        model: 'bench',
        prompt: 'Work.',
        script: [...TOOLS.map(tool => ({ text: 'Next.', tools: [tool] })), { text: 'Done.' }],
      },
    },
  ],
});

export async function run({ databaseUrl, rounds, quick, log }) {
  const size = quick ? { runs: 3, agents: 3, spawns: 20 } : { runs: 8, agents: 6, spawns: 60 };
  const platform = await openPlatform(databaseUrl);
  try {
    await times(2, () => platform.play('chain')); // the code is warm, and the sandbox has proved its isolation
    await platform.play('agent');
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      const spawns = await times(size.spawns, bareSpawn);
      const chains = (await times(size.runs, () => platform.play('chain'))).map(stepsOf);
      const agents = (await times(size.agents, () => platform.play('agent'))).map(roundsOf);
      results.push(summed(spawns, chains, agents));
      const { own } = results.at(-1);
      log(`steps: round ${round + 1}: own time per step p50 ${own.p50.toFixed(1)}, p95 ${own.p95.toFixed(1)} ms`);
    }
    return report(results, platform.problems());
  } finally {
    await platform.close();
  }
}

function report(results, problems) {
  const figure = (name, valueOf, goal) => ({ name, unit: 'ms', values: results.map(valueOf), ...(goal && { goal }) });
  const own = figure('own time per step, p50', ({ own: { p50 } }) => p50, { atMost: 60 });
  const bare = figure('baseline: bare spawn of bash -c true, p50', ({ spawns }) => spawns.p50);
  const parts = [
    ['end before → step ready', 'ready'],
    ['step ready → attempt started', 'started'],
    ['attempt started → attempt ended', 'executed'],
    ['the call in the sandbox alone', 'call'],
  ];
  return {
    figures: [
      own,
      figure('own time per step, p95', ({ own: { p95 } }) => p95),
      figure('first step of a run, which makes the sandbox, p50', ({ first: { p50 } }) => p50),
      ...parts.map(([name, key]) => figure(`part: ${name}, p50`, ({ parts: all }) => all[key].p50)),
      figure('run of ten steps, start to end, p50', ({ whole: { p50 } }) => p50),
      ...TOOLS.map(({ name }) => figure(`agent: round of ${name}, p50`, ({ tools }) => tools[name].p50)),
      bare,
    ],
    ratios: [{ name: 'own time per step / bare spawn', of: own.name, to: bare.name }],
    checks: [{ name: 'every run completed', met: problems === '', detail: problems || undefined }],
  };
}

function summed(spawns, chains, agents) {
  const steps = chains.flatMap(chain => chain.steps);
  const of = key => percentiles(steps.map(step => step[key]));
  const rounds = agents.flat();
  return {
    spawns: percentiles(spawns),
    own: of('own'),
    first: percentiles(chains.map(chain => chain.steps[0].own)),
    parts: { ready: of('ready'), started: of('started'), executed: of('executed'), call: of('call') },
    whole: percentiles(chains.map(chain => chain.whole)),
    tools: Object.fromEntries(
      TOOLS.map(({ name }) => [name, percentiles(rounds.filter(({ tool }) => tool === name).map(({ ms }) => ms))]),
    ),
  };
}

/** The moments of one run, taken when the append of each event returned. */
function stepsOf({ moments, began }) {
  const at = (type, step) => moments.find(event => event.type === type && (step === undefined || event.step === step));
  const steps = Array.from({ length: STEPS }, (_, n) => {
    const before = n === 0 ? began : at('AttemptEnded', `s${n - 1}`).at;
    const [ready, started, ended] = ['StepReady', 'AttemptStarted', 'AttemptEnded'].map(type => at(type, `s${n}`).at);
    const call = at('ToolCallEnded', `s${n}`).durationMs;
    return { own: ended - before, ready: ready - before, started: started - ready, executed: ended - started, call };
  });
  return { steps, whole: at('RunCompleted').at - began };
}

function roundsOf({ moments }) {
  const turns = moments.filter(({ type }) => type === 'ModelTurnEnded');
  return TOOLS.map(({ name }, index) => ({ tool: name, ms: turns[index + 1].at - turns[index].at }));
}

async function openPlatform(databaseUrl) {
  const home = await mkdtemp(join(tmpdir(), 'runledger-bench-home-'));
  await chmod(home, 0o755); // as a data directory below a project's folder is
  const config = { ...readStandaloneConfig({}), databaseUrl, home, port: 0, sample: false };
  const log = createLog({ level: 'warn', service: 'bench' });
  const storage = await openStorage(config, log);
  const story = new Story(storage.store);
  const module = StandaloneModule.register({
    config,
    storage: { ...storage, store: story.store },
    log,
    telemetry: silentTelemetry(),
    pepper: Buffer.alloc(32, 1),
    signing: { signingSeed: Buffer.alloc(32, 2), previousSeed: undefined },
  });
  const app = await NestFactory.create(module, gatewayAdapter(), { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const commands = app.get(COMMAND_CLIENT);
  await publish(commands);
  return {
    play: flow => story.follow(() => start(commands, flow)),
    problems: () => story.problems.join('; '),
    close: async () => {
      await app.close();
      await storage.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const ENDS = ['RunCompleted', 'RunFailed', 'RunCancelled', 'RunRejected'];

/** Looks over the store's shoulder: when which event of the run that is played was stored. */
class Story {
  problems = [];
  #moments = [];
  #ended = () => undefined;

  constructor(store) {
    this.store = overheard(store, events => this.#note(events, performance.now()));
  }

  /** Plays one run to its end. */
  async follow(starting) {
    this.#moments = [];
    const ended = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No end after ${RUN_PATIENCE_MS} ms.`)), RUN_PATIENCE_MS);
      this.#ended = type => {
        clearTimeout(timer);
        if (type !== 'RunCompleted') this.problems.push(type);
        resolve();
      };
    });
    const began = performance.now();
    await starting();
    await ended;
    return { began, moments: this.#moments };
  }

  #note(events, at) {
    for (const { type, data } of events) {
      this.#moments.push({ type, at, step: data.step, durationMs: data.durationMs });
      if (ENDS.includes(type)) this.#ended(type);
    }
  }
}

async function publish(commands) {
  const definition = {
    slug: 'plain',
    name: 'Plain',
    isolation: 'bubblewrap',
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    limits: DEFAULT_LIMITS,
    network: 'none',
  };
  await accepted(commands.send(PublishSandboxProfile, { definition }, context()));
  for (const source of [CHAIN, AGENT]) await accepted(commands.send(PublishFlow, { source }, context()));
}

function start(commands, flow) {
  const input = { flow, parameters: {}, choices: {}, trigger: { kind: 'manual' } };
  return accepted(commands.send(StartRun, input, context()));
}

async function accepted(sending) {
  const outcome = await sending;
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  return outcome.output;
}

function context() {
  const commandId = newUuid();
  const occurredAt = new Date().toISOString();
  const actor = { kind: 'member', id: 'mem_bench' };
  return { commandId, workspaceId: TENANT, actor, occurredAt, correlationId: commandId };
}

async function bareSpawn() {
  const before = performance.now();
  await new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', 'true'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
  return performance.now() - before;
}

async function times(count, work) {
  const results = [];
  for (let turn = 0; turn < count; turn += 1) results.push(await work());
  return results;
}
