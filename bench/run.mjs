/**
 * The engine alone: runs of ten chained steps whose work takes no time. A small reactor plays the sandbox and writes what
 * the real one writes first and last: AttemptStarted, then AttemptEnded, in two appends. So each step makes three commits
 * and passes two reactors.
 *
 * Baselines of the same round, without any engine: the same number of plain INSERTs of about 500 bytes, one commit each.
 */
import {
  AttemptEnded,
  AttemptStarted,
  attemptEvents,
  catalogue,
  PublishFlow,
  SandboxProfilePublished,
  StartRun,
} from '@runledger/contracts';
import {
  CommandHandler,
  createPostgresEventStore,
  derivedId,
  migrateEventStore,
  newUuid,
  PostgresCheckpoints,
} from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';
import { ReactorHost, storeDirect } from '@runledger/messaging';
import { Orchestrator } from '@runledger/orchestrator';
import { InProcessCommands, systemClock } from '@runledger/platform';
import pg from 'pg';
import { percentiles } from './rounds.mjs';

const STEPS = 10;
const COMMITS_PER_STEP = 3;
const IN_FLIGHT = 50;
const TENANT = 'ws_bench';
/** Fixed references, measured on another day and machine: what other engines make of the same ten steps at 50 in flight. */
const DBOS_STEPS = 2_000;
const RESTATE_STEPS = 3_800;

const FLOW = `slug: chain
defaults: { profile: plain }
steps:
${Array.from({ length: STEPS }, (_, n) => `  - { key: s${n}, run: 'true', needs: [${n === 0 ? '' : `s${n - 1}`}] }`).join('\n')}
`;

export async function run({ databaseUrl, rounds, quick, log }) {
  const size = quick ? { runs: 200, alone: 30 } : { runs: 1_000, alone: 150 };
  const engine = await openEngine(databaseUrl);
  try {
    await engine.runMany(quick ? 50 : 300, IN_FLIGHT); // the code and the caches are warm
    const results = { engine: [], insert: [], alone: [], chain: [] };
    for (let round = 0; round < rounds; round += 1) {
      results.insert.push(await insertMany(engine.pool, size.runs * STEPS * COMMITS_PER_STEP));
      results.chain.push(await insertInTurn(engine.pool, size.alone));
      results.engine.push(await engine.runMany(size.runs, IN_FLIGHT));
      results.alone.push(await engine.runMany(size.alone, 1));
      const [many, alone] = [results.engine.at(-1), results.alone.at(-1)];
      log(`run: round ${round + 1}: ${Math.round(many.stepsPerSecond)} steps/s; alone p50 ${alone.p50.toFixed(1)} ms`);
    }
    return report(results, await engine.problems());
  } finally {
    await engine.close();
  }
}

function report({ engine, insert, alone, chain }, problems) {
  const figures = [
    {
      name: `steps, ${IN_FLIGHT} runs at once`,
      unit: 'steps/s',
      values: engine.map(each => each.stepsPerSecond),
      goal: { atLeast: 2_000 },
    },
    { name: `runs, ${IN_FLIGHT} at once`, unit: 'runs/s', values: engine.map(each => each.stepsPerSecond / STEPS) },
    { name: 'CPU of this process per step', unit: 'µs', values: engine.map(each => each.cpuMicrosPerStep) },
    { name: `one run among ${IN_FLIGHT}, p50`, unit: 'ms', values: engine.map(each => each.p50) },
    { name: `one run among ${IN_FLIGHT}, p99`, unit: 'ms', values: engine.map(each => each.p99) },
    { name: 'one run alone, p50', unit: 'ms', values: alone.map(each => each.p50) },
    { name: 'one run alone, p99', unit: 'ms', values: alone.map(each => each.p99) },
    { name: `baseline: ${COMMITS_PER_STEP} INSERTs per step, 32 connections`, unit: 'steps/s', values: insert },
    {
      name: `baseline: ${COMMITS_PER_STEP * STEPS} INSERTs in turn, p50`,
      unit: 'ms',
      values: chain.map(each => each.p50),
    },
    { name: 'reference: DBOS', unit: 'steps/s', values: [DBOS_STEPS] },
    { name: 'reference: Restate, fsync', unit: 'steps/s', values: [RESTATE_STEPS] },
  ];
  const [many, , , , , alonePace, , insertRate, insertPace] = figures.map(({ name }) => name);
  const ratios = [
    { name: `steps: engine / ${COMMITS_PER_STEP} plain INSERTs`, of: many, to: insertRate },
    {
      name: `one run alone: engine / ${COMMITS_PER_STEP * STEPS} plain INSERTs in turn`,
      of: alonePace,
      to: insertPace,
    },
  ];
  return {
    figures,
    ratios,
    checks: [{ name: 'every run completed, every step once', met: problems === '', detail: problems || undefined }],
  };
}

async function openEngine(databaseUrl) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 32 });
  await migrateEventStore(pool);
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const handler = new CommandHandler(store);
  const host = new ReactorHost(storeDirect(store), new PostgresCheckpoints(pool), catalogue, { owner: 'bench' });
  const orchestrator = new Orchestrator({ store, handler, clock: systemClock });
  const commands = new InProcessCommands();
  orchestrator.answer(commands);
  await publish(store, commands);
  const waiting = new Map();
  const reactors = [...orchestrator.reactors(), sandbox(handler), completions(waiting)];
  for (const reactor of reactors) await host.start(reactor);
  return {
    pool,
    runMany: (runs, inFlight) => runMany({ commands, waiting }, runs, inFlight),
    problems: () => problemsOf(pool),
    close: async () => {
      await host.stop();
      await store.close();
      await pool.end();
    },
  };
}

async function runMany({ commands, waiting }, runs, inFlight) {
  const latencies = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < runs) {
      next += 1;
      const begun = performance.now();
      await oneRun(commands, waiting);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const steps = runs * STEPS;
  return { stepsPerSecond: steps / seconds, cpuMicrosPerStep: (user + system) / steps, ...percentiles(latencies) };
}

/** From the command to the news of its end. */
async function oneRun(commands, waiting) {
  const input = { flow: 'chain', parameters: {}, choices: {}, trigger: { kind: 'manual' } };
  const outcome = await commands.send(StartRun, input, context());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  const { runId } = outcome.output;
  if (waiting.get(runId) === 'ended') waiting.delete(runId);
  else await new Promise(resolve => waiting.set(runId, resolve));
}

/** Hears of the end of each run as any other consumer would. */
function completions(waiting) {
  return {
    name: 'bench.completions',
    types: ['RunCompleted'],
    react: ({ data: { runId } }) => {
      const resolve = waiting.get(runId);
      if (resolve) waiting.delete(runId);
      else waiting.set(runId, 'ended');
      resolve?.();
      return Promise.resolve();
    },
  };
}

const attempt = {
  category: 'attempt',
  events: attemptEvents,
  initialState: () => 'absent',
  evolve: (state, { type }) => (type === 'AttemptEnded' ? 'ended' : type === 'AttemptStarted' ? 'executing' : state),
  decide: (event, state) =>
    (event.type === 'AttemptStarted') === (state === 'absent') && state !== 'ended' ? [event] : [],
};

const WORKER = { kind: 'command', profileVersion: 1, driver: 'bench', worker: 'bench' };
const SUCCESS = {
  outcome: 'SUCCESS',
  cancelled: false,
  summary: 'Done.',
  output: { ok: true },
  turns: 0,
  exitCode: 0,
  elapsedMs: 0,
};

function sandbox(handler) {
  return {
    name: 'bench.sandbox',
    types: ['StepReady'],
    react: async event => {
      const { runId, step, attempt: n, profile } = event.data;
      const place = { attemptId: attemptId(runId, step, n), runId, step, attempt: n };
      const stream = streamOf('attempt', place.attemptId);
      const at = new Date().toISOString();
      const started = AttemptStarted({ ...place, ...WORKER, profile, startedAt: at });
      await handler.begin(attempt, stream, started, reaction(event, 0));
      await handler.handle(attempt, stream, AttemptEnded({ ...place, ...SUCCESS, endedAt: at }), reaction(event, 1));
    },
  };
}

function context() {
  const commandId = newUuid();
  const occurredAt = new Date().toISOString();
  return {
    commandId,
    workspaceId: TENANT,
    actor: { kind: 'member', id: 'mem_bench' },
    occurredAt,
    correlationId: commandId,
  };
}

function reaction(event, index) {
  return {
    commandId: derivedId(event.id, 'bench.sandbox', index),
    workspaceId: TENANT,
    actor: { kind: 'service', id: 'sandbox' },
    occurredAt: new Date().toISOString(),
    correlationId: event.metadata.correlationId,
    causationId: event.id,
  };
}

async function publish(store, commands) {
  const by = context();
  const limits = { memoryBytes: 1, pids: 1, cpuPercent: 1, tmpBytes: 1, workspaceBytes: 1, outputBytes: 1 };
  const definition = {
    slug: 'plain',
    name: 'Plain',
    isolation: 'none',
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    limits,
    network: 'none',
  };
  const { type, data } = SandboxProfilePublished({
    profileId: 'prof_plain',
    slug: 'plain',
    version: 1,
    definition,
    publishedBy: by.actor,
    publishedAt: by.occurredAt,
  });
  const { commandId: causationId, ...story } = by;
  await store.append(
    { tenant: TENANT, name: 'profile-plain' },
    [{ id: newUuid(), type, data, metadata: { ...story, causationId, schemaVersion: 1 } }],
    'no-stream',
  );
  const outcome = await commands.send(PublishFlow, { source: FLOW }, context());
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
}

/** The floor: what the commits alone cost, 32 connections at once. */
async function insertMany(pool, commits) {
  await pool.query(`CREATE TABLE IF NOT EXISTS bench_plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text NOT NULL, version int NOT NULL, data jsonb NOT NULL, metadata jsonb NOT NULL, UNIQUE (stream, version))`);
  await pool.query('TRUNCATE bench_plain');
  let next = 0;
  const lane = async () => {
    while (next < commits) await insertOne(pool, `run-${next % 1_000}`, (next += 1));
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 32 }, lane));
  return commits / COMMITS_PER_STEP / ((performance.now() - started) / 1_000);
}

/** The floor of one run alone: its commits, one after the other. */
async function insertInTurn(pool, runs) {
  const latencies = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    for (let version = 0; version < STEPS * COMMITS_PER_STEP; version += 1)
      await insertOne(pool, `alone-${run}`, version);
    latencies.push(performance.now() - started);
  }
  return percentiles(latencies);
}

const PADDING = JSON.stringify({ text: 'x'.repeat(200) });
const INSERT = {
  name: 'bench-plain',
  text: 'INSERT INTO bench_plain (stream, version, data, metadata) VALUES ($1, $2, $3, $4)',
};

function insertOne(pool, stream, version) {
  return pool.query({ ...INSERT, values: [stream, version, PADDING, PADDING] });
}

/** Counted in the log itself; the empty text when everything is right. */
async function problemsOf(pool) {
  const { rows } = await pool.query(
    `SELECT type, count(*)::int AS events FROM runledger.event WHERE type = ANY ($1) GROUP BY type`,
    [['RunStarted', 'RunCompleted', 'StepReady', 'StepCompleted', 'AttemptStarted', 'AttemptEnded']],
  );
  const of = type => rows.find(row => row.type === type)?.events ?? 0;
  const started = of('RunStarted');
  const wrong = [
    ...(of('RunCompleted') === started ? [] : [`${started} runs started, ${of('RunCompleted')} completed`]),
    ...['StepReady', 'StepCompleted', 'AttemptStarted', 'AttemptEnded']
      .filter(type => of(type) !== started * STEPS)
      .map(type => `${of(type)} ${type} instead of ${started * STEPS}`),
  ];
  return wrong.join('; ');
}
