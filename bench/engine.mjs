/**
 * The engine alone, for benches: orchestrator and gates on one store, in two shapes, because engines differ in what they promise
 * about a step:
 *   function    the step calls a function in this process, and its end is stored after it, with all that follows: a process
 *               that dies in the middle leaves nothing, and the function is called again. One commit a step. That is what DBOS
 *               (a row per step after its body) and Restate (a journal entry per step after its body) promise, so this shape
 *               is compared with them.
 *   claimed     AttemptStarted is stored before the work and AttemptEnded after it, as for steps in a sandbox: of many workers
 *               one gets the step, and a step that began is never taken for one that did not. Three commits a step. The
 *               executor is one of this bench's, which does no work.
 */
import {
  AttemptEnded,
  AttemptStarted,
  attemptEvents,
  catalogue,
  CheckBudget,
  Decide,
  PublishFlow,
  ReserveDailyRun,
  SandboxProfilePublished,
  StartRun,
} from '@runledger/contracts';
import {
  CommandHandler,
  createPostgresEventStore,
  derivedId,
  migrateEventStore,
  PARTITIONS,
  newUuid,
  PostgresCheckpoints,
} from '@runledger/event-store';
import { attemptId, gateId, streamOf, TransientMap } from '@runledger/kernel';
import { Leases, ReactorHost, storeDirect } from '@runledger/messaging';
import { Orchestrator } from '@runledger/orchestrator';
import { CommandRegistry, InProcessCommands, systemClock } from '@runledger/platform';
import { MemoryTimers } from '@runledger/timers';
import pg from 'pg';
import { Decisions } from '../apps/approval/dist/approvals/decisions.js';
import { requestsReactor } from '../apps/approval/dist/approvals/requests.reactor.js';
import { inLanes } from './processes.mjs';
import { percentiles } from './rounds.mjs';

export const STEPS = 10;
export const COMMITS_PER_STEP = { claimed: 3, function: 1 };
const TENANT = 'ws_bench';
const UNLIMITED = { plan: 'TEAM', resetsAt: '2100-01-01T00:00:00.000Z' };

const WORK = { claimed: "run: 'true'", function: 'function: nothing' };
const FUNCTIONS = { nothing: async () => ({ summary: 'Done.', output: { ok: true } }) };

const chainOf = shape => `slug: chain
defaults: { profile: plain }
steps:
${Array.from({ length: STEPS }, (_, n) => `  - { key: s${n}, ${WORK[shape]}, needs: [${n === 0 ? '' : `s${n - 1}`}] }`).join('\n')}
`;
const gatedOf = shape => `slug: gated
defaults: { profile: plain }
steps:
  - { key: deploy, ${WORK[shape]}, gates: { before: { message: 'Go on?' } } }
`;

/**
 * `shape`: claimed or function. `member`: the number of this process among those that share the work, the first of which is 0;
 * left out, this process has all of it.
 */
export async function openEngine(databaseUrl, { shape, member }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on('error', () => undefined); // said by the statement that fails
  await migrateEventStore(pool);
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const handler = new CommandHandler(store);
  const owner = `bench-${member ?? 0}`;
  const checkpoints = new PostgresCheckpoints(pool);
  const leases = new Leases(checkpoints, { owner, sharing: member === undefined ? 'sole' : 'shared' });
  const host = new ReactorHost(storeDirect(store), checkpoints, catalogue, { owner, leases });
  // Whoever starts a run wants to hear of its end, whichever process carried it there.
  const listeners = new ReactorHost(storeDirect(store), checkpoints, catalogue, { owner });
  const registry = new CommandRegistry();
  const commands = new InProcessCommands(registry);
  const timers = new MemoryTimers();
  const orchestrator = new Orchestrator(
    { store, handler, clock: systemClock, timers, client: commands },
    { functions: FUNCTIONS },
  );
  const decisions = new Decisions(handler);
  orchestrator.answer(registry);
  // Whether plan and budget allow one more run is billing's to say, which is no part of the engine.
  registry.answer(CheckBudget, () => Promise.resolve({ status: 'accepted', output: {}, position: undefined }));
  registry.answer(ReserveDailyRun, () =>
    Promise.resolve({ status: 'accepted', output: UNLIMITED, position: undefined }),
  );
  registry.answer(Decide, (input, by) => decisions.decide(input, by));
  if (!member) await publish(store, commands, [chainOf(shape), gatedOf(shape)]);
  const news = new News(owner);
  const gates = requestsReactor(store, handler, systemClock);
  const shared = [];
  const executors = shape === 'claimed' ? [executor(handler)] : [];
  for (const reactor of [...orchestrator.reactors(), gates, ...executors]) {
    shared.push(await host.start(reactor));
  }
  await listeners.start(news);
  const lanes = (runs, inFlight) => runLanes({ commands, news }, runs, inFlight);
  return {
    pool,
    lanes,
    settle: members => settled(shared, members),
    runMany: (runs, inFlight) => runMany(lanes, runs, inFlight),
    decideMany: runs => decideMany({ commands, news }, runs),
    problems: () => problemsOf(pool),
    close: async () => {
      await Promise.all([host.stop(), listeners.stop()]);
      await leases.stop();
      await store.close();
      await pool.end();
    },
  };
}

async function runMany(lanes, runs, inFlight) {
  const started = performance.now();
  const { steps, cpuMicros, latencies } = await lanes(runs, inFlight);
  const seconds = (performance.now() - started) / 1_000;
  return { stepsPerSecond: steps / seconds, cpuMicrosPerStep: cpuMicros / steps, ...percentiles(latencies) };
}

function runLanes({ commands, news }, runs, inFlight) {
  return inLanes(runs, inFlight, STEPS, async () => news.of('RunCompleted', await startRun(commands, 'chain')));
}

/** Resolves when each process has its share of every reactor. */
async function settled(reactors, members) {
  const isFair = ({ partitions }) => Math.abs(partitions.length - PARTITIONS / members) < 1;
  while (!reactors.every(reactor => isFair(reactor.status()))) await new Promise(resolve => setTimeout(resolve, 50));
}

/** So many runs wait at a gate; each is decided in turn, from the call of the command to the news that its step is ready. */
async function decideMany({ commands, news }, runs) {
  const waiting = await Promise.all(Array.from({ length: runs }, () => startRun(commands, 'gated')));
  await Promise.all(waiting.map(runId => news.of('ApprovalRequested', runId)));
  const latencies = [];
  for (const runId of waiting) {
    const begun = performance.now();
    const requestId = gateId(runId, 'deploy', 'before', 1);
    await accepted(commands.send(Decide, { requestId, decision: 'APPROVE' }, context()));
    await news.of('StepReady', runId);
    latencies.push(performance.now() - begun);
    await news.of('RunCompleted', runId);
  }
  return percentiles(latencies);
}

async function startRun(commands, flow) {
  const input = { flow, parameters: {}, choices: {}, trigger: { kind: 'manual' } };
  return (await accepted(commands.send(StartRun, input, context()))).runId;
}

/** Hears of what happened as any other consumer would. */
class News {
  types = ['RunCompleted', 'ApprovalRequested', 'StepReady'];
  #waiting = new TransientMap();

  constructor(owner) {
    this.name = `bench.news.${owner}`;
  }

  concerns({ type, data: { step } }) {
    return type !== 'StepReady' || step === 'deploy';
  }

  react({ type, data: { runId } }) {
    const key = `${type} ${runId}`;
    const resolve = this.#waiting.get(key);
    if (resolve) this.#waiting.delete(key);
    else this.#waiting.set(key, undefined);
    resolve?.();
    return Promise.resolve();
  }

  of(type, runId) {
    const key = `${type} ${runId}`;
    if (this.#waiting.delete(key)) return Promise.resolve();
    return new Promise(resolve => this.#waiting.set(key, resolve));
  }
}

const attempt = {
  category: 'attempt',
  events: attemptEvents,
  initialState: () => 'absent',
  evolve: (state, { type }) => (type === 'AttemptEnded' ? 'ended' : type === 'AttemptStarted' ? 'executing' : state),
  decide: (events, state) =>
    (events[0].type === 'AttemptStarted') === (state === 'absent') && state !== 'ended' ? events : [],
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

function executor(handler) {
  return {
    name: 'bench.sandbox',
    types: ['StepReady'],
    react: async event => {
      const { runId, step, attempt: n, profile } = event.data;
      const place = { attemptId: attemptId(runId, step, n), runId, step, attempt: n };
      const stream = streamOf('attempt', place.attemptId);
      const at = new Date().toISOString();
      const started = AttemptStarted({ ...place, ...WORKER, profile, startedAt: at });
      await handler.begin(attempt, stream, [started], reaction(event, 0));
      await handler.handle(attempt, stream, [AttemptEnded({ ...place, ...SUCCESS, endedAt: at })], reaction(event, 1));
    },
  };
}

function context() {
  const commandId = newUuid();
  const occurredAt = new Date().toISOString();
  const actor = { kind: 'member', id: 'mem_bench' };
  return { commandId, workspaceId: TENANT, actor, occurredAt, correlationId: commandId };
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

async function publish(store, commands, flows) {
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
  for (const source of flows) await accepted(commands.send(PublishFlow, { source }, context()));
}

async function accepted(sending) {
  const outcome = await sending;
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  return outcome.output;
}

/** Counted in the log itself; the empty text when everything is right. */
async function problemsOf(pool) {
  const { rows } = await pool.query(
    `select flow.slug, count(*)::int as runs, sum(ends.completed)::int as completed,
            sum(ends.ready)::int as ready, sum(ends.done)::int as done
       from runledger.event e
      cross join lateral (select e.data->>'flowSlug' as slug, json_array_length(e.data->'steps') as steps) flow
      cross join lateral (
        select count(*) filter (where type = 'RunCompleted') as completed,
               case when count(*) filter (where type = 'StepReady') = flow.steps then 1 else 0 end as ready,
               case when count(*) filter (where type = 'StepCompleted') = flow.steps then 1 else 0 end as done
          from runledger.event o where o.correlation_id = e.correlation_id) ends
      where e.type = 'RunStarted' group by flow.slug`,
  );
  return rows
    .filter(({ runs, completed, ready, done }) => completed !== runs || ready !== runs || done !== runs)
    .map(({ slug, runs, ...got }) => `${slug}: ${runs} runs started, ${JSON.stringify(got)}`)
    .join('; ');
}
