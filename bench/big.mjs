/**
 * Big runs and many waiting ones. A run of many steps and one of many events are written straight into the log; once the read
 * models have them, pages and cards are asked for by GraphQL over HTTP, as the console does. What the N-th decision and append
 * cost is measured with the run's own decider on a chain of as many steps, the first tenth against the last.
 */
import { randomUUID } from 'node:crypto';
import { CommandHandler } from '@runledger/event-store';
import { openGateway, startedData, chainOf, writeManyEvents, writeManySteps } from './big-log.mjs';
import { run as runDecider } from '../apps/orchestrator/dist/runs/run.decider.js';
import { goal, percentiles } from './rounds.mjs';
import { withDatabase } from './server.mjs';
import { measureWaiting } from './waiting-gates.mjs';

const AT = '2026-05-01T10:00:00.000Z';

const CARD =
  'key number state outcome summary startedAt endedAt elapsedMs cost { formatted } availableActions attempts { number state }';
const QUERIES = {
  'last page of the timeline': [
    'steps',
    `query ($id: ID!) { run(id: $id) { timelinePage(last: 50) { nodes { ${CARD} } pageInfo { startCursor } } } }`,
    data => data.run.timelinePage.nodes.length,
  ],
  'page in the middle of the timeline, by state': [
    'steps',
    `query ($id: ID!) { run(id: $id) { timelinePage(first: 50, state: [COMPLETED]) { nodes { ${CARD} } } } }`,
    data => data.run.timelinePage.nodes.length,
  ],
  'card of the run with many steps': [
    'steps',
    'query ($id: ID!) { run(id: $id) { status statusReason availableActions waitingOn { what } stepCounts { total completed } } }',
    data => data.run.stepCounts.total,
  ],
  'last page of the transcript': [
    'events',
    'query ($id: ID!) { run(id: $id) { transcript(last: 100) { nodes { id at ... on TextEntry { text } ... on ToolEntry { output streamed } } } } }',
    data => data.run.transcript.nodes.length,
  ],
};

export async function run({ databaseUrl, quick, log }) {
  const size = quick
    ? { steps: 1_000, chain: 1_000, events: 50_000, waiting: 100, decided: 50, reads: 40 }
    : { steps: 10_000, chain: 10_000, events: 1_000_000, waiting: 1_000, decided: 200, reads: 200 };
  const gateway = await openGateway(databaseUrl);
  try {
    const steps = await measureReads(gateway, 'steps', { size, write: writeManySteps, log });
    const appends = await decideMany(gateway, size.chain, log);
    const events = await measureReads(gateway, 'events', { size, write: writeManyEvents, log });
    const waiting = await withDatabase(databaseUrl, url => measureWaiting(url, { ...size, log }));
    return report({ size, reads: { ...steps, ...events }, appends, waiting });
  } finally {
    await gateway.close();
  }
}

/** Writes the run that has so many of `what`, and asks for what is shown of it. */
async function measureReads(gateway, what, { size, write, log }) {
  const id = `run_${randomUUID()}`;
  const began = performance.now();
  await gateway.caughtUp(await write(gateway, id, size[what]));
  log(`big: ${size[what]} ${what} are written and shown after ${seconds(began)} s`);
  const reads = {};
  for (const [name, [which, query, countOf]] of Object.entries(QUERIES)) {
    if (which !== what) continue;
    reads[name] = await readMany(gateway, { query, id, countOf }, size.reads);
    log(`big: ${name}: p50 ${reads[name].p50.toFixed(1)}, p99 ${reads[name].p99.toFixed(1)} ms`);
  }
  return reads;
}

async function readMany(gateway, { query, id, countOf }, count) {
  const latencies = [];
  for (let turn = 0; turn < count; turn += 1) {
    const before = performance.now();
    const data = await gateway.ask(query, { id });
    latencies.push(performance.now() - before);
    if (!(countOf(data) > 0)) throw new Error(`Nothing was shown: ${JSON.stringify(data)}`);
  }
  return percentiles(latencies.slice(5)); // the first ones warm the code
}

/** A chain of steps from its start to its end, one command for each step: it completes one and makes the next ready. */
async function decideMany({ store, workspaceId }, count, log) {
  const runId = `run_${randomUUID()}`;
  const handler = new CommandHandler(store);
  const actor = { kind: 'system', id: 'bench' };
  const handle = command => {
    const context = { commandId: randomUUID(), workspaceId, actor, occurredAt: AT, correlationId: runId };
    return handler.handle(runDecider, `run-${runId.slice(4)}`, command, context);
  };
  await accepted(handle({ type: 'StartRun', data: startedData(runId, chainOf(count)) }));
  const latencies = [];
  const decisions = [];
  let { state } = await handler.load(runDecider, { tenant: workspaceId, name: `run-${runId.slice(4)}` });
  for (let n = 0; n < count - 1; n += 1) {
    const data = { step: `s${n}`, attempt: 1, at: AT, outcome: 'SUCCESS', cancelled: false };
    const command = { type: 'RecordAttemptEnded', data };
    const began = performance.now();
    const events = runDecider.decide(command, state);
    decisions.push((performance.now() - began) * 1_000);
    if (events.length === 0) throw new Error(`Step ${n} was not decided.`);
    const before = performance.now();
    ({ state } = await accepted(handle(command)));
    latencies.push(performance.now() - before);
  }
  const tenth = Math.floor(count / 10);
  const parts = values => ({
    first: percentiles(values.slice(10, tenth)).p50,
    last: percentiles(values.slice(-tenth)).p50,
  });
  log(
    `big: decide and append: ${JSON.stringify(parts(latencies))} ms; decide alone: ${JSON.stringify(parts(decisions))} µs`,
  );
  return { appends: parts(latencies), decisions: parts(decisions) };
}

async function accepted(handling) {
  const outcome = await handling;
  if (outcome.status !== 'accepted') throw new Error(JSON.stringify(outcome.refusal));
  return outcome;
}

function report({ size, reads, appends, waiting }) {
  const figures = Object.fromEntries(
    Object.entries(reads).map(([name, { p50, p99 }]) => [`${name} (ms)`, { p50, p99 }]),
  );
  const { appends: append, decisions } = appends;
  figures[`decide and append, of ${size.chain} steps (ms)`] = {
    'first tenth, p50': append.first,
    'last tenth, p50': append.last,
  };
  figures['decide alone (µs)'] = { 'first tenth, p50': decisions.first, 'last tenth, p50': decisions.last };
  figures[`${size.waiting} runs waiting at gates`] = waiting.more;
  figures['decided by GraphQL, next step ready (ms)'] = { p50: waiting.p50, p99: waiting.p99 };
  figures['part: until the decision is stored (ms)'] = { p50: waiting.stored.p50, p99: waiting.stored.p99 };
  figures['baseline: GraphQL that reads nothing, in turn (ms)'] = { p50: waiting.bare.p50, p99: waiting.bare.p99 };
  return {
    figures,
    ratios: { 'decide and append, last / first': append.last / append.first },
    goals: [
      goal('last page of the timeline, p99 (ms)', reads['last page of the timeline'].p99, 'atMost', 200),
      goal('last page of the transcript, p99 (ms)', reads['last page of the transcript'].p99, 'atMost', 200),
      goal('decide and append, last / first', append.last / append.first, 'atMost', 1.25),
      goal('processes of waiting runs', waiting.more.processes, 'atMost', 0),
      goal('threads of waiting runs', waiting.more.threads, 'atMost', 0),
      // Polls of the platform itself come and go; one for each run would show as 1.
      goal('timers for each waiting run', waiting.more.timers / size.waiting, 'atMost', 0.1),
      goal('decided by GraphQL, next step ready, p99 (ms)', waiting.p99, 'atMost', 100),
    ],
  };
}

function seconds(since) {
  return ((performance.now() - since) / 1_000).toFixed(1);
}
