import { setTimeout as delay } from 'node:timers/promises';

const STARTERS = 16;
const DECIDERS = 16;
const LOOK_MS = 200;

const START = `mutation ($input: StartRunInput!) { result: startRun(input: $input) { __typename ... on Run { id } ... on Refusal { code message } ... on RunDeclined { retryable } } }`;
const INBOX = `{ inbox(first: 200) { nodes { id } } }`;
const DECIDE = `mutation ($input: DecisionInput!) { result: decide(input: $input) { __typename ... on ApprovalRequest { id state } ... on DecisionRefused { code message request { decision { decision } } } } }`;
const RUNS = `query ($status: [RunStatus!], $after: String) { runs(filter: { flow: "load", status: $status }, first: 200, after: $after) { nodes { id status statusReason } pageInfo { hasNextPage endCursor } } }`;
const LOST = ['FAILED', 'REJECTED', 'CANCELLED', 'BLOCKED'];

/** Starts all runs, some at a time; `onStarted` is told each as soon as it is there. Answers how long each start took. */
export async function startRuns(api, { runs }, onStarted) {
  const runIds = [];
  const startMs = [];
  await sideBySide(
    Array.from({ length: runs }, (_, n) => n),
    STARTERS,
    async n => {
      const began = performance.now();
      const { id } = await api.do(START, { input: { flow: 'load', idempotencyKey: `load-${n}` } });
      startMs.push(performance.now() - began);
      runIds.push(id);
      onStarted(id, runIds.length - 1);
    },
  );
  return { runIds, startMs };
}

/** Approves what waits in the inbox until the signal aborts. Answers how long each decision took. */
export async function approveAll(api, signal) {
  const decideMs = [];
  const decided = new Set();
  while (!signal.aborted) {
    const { inbox } = await api.ask(INBOX);
    const waiting = inbox.nodes.filter(({ id }) => !decided.has(id));
    await sideBySide(waiting, DECIDERS, async ({ id }) => {
      const began = performance.now();
      await approve(api, id);
      decided.add(id);
      decideMs.push(performance.now() - began);
    });
    if (waiting.length === 0) await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return decideMs;
}

/** Who has to ask again hears which decision won: it must be ours. */
async function approve(api, requestId) {
  const { result } = await api.ask(DECIDE, { input: { requestId, decision: 'APPROVE' } });
  if (result.code === undefined || result.request?.decision?.decision === 'APPROVE') return;
  throw new Error(`The API refused: ${JSON.stringify(result)}`);
}

/** Throws when a run ends otherwise, or when nothing was completed for as long as `patienceMs`. */
export async function untilCompleted(api, { runs, patienceMs, log }) {
  let completed = 0;
  let changed = performance.now();
  while (completed < runs) {
    await delay(LOOK_MS);
    const lost = await listed(api, LOST);
    if (lost.length > 0) throw new Error(`Runs ended otherwise: ${JSON.stringify(lost.slice(0, 3))}`);
    const now = (await listed(api, ['COMPLETED'])).length;
    if (Math.floor((now / runs) * 4) > Math.floor((completed / runs) * 4))
      log(`  ${now} of ${runs} runs are completed.`);
    if (now > completed) changed = performance.now();
    completed = now;
    if (performance.now() - changed > patienceMs) throw new Error(`Only ${completed} of ${runs} runs were completed.`);
  }
}

async function listed(api, status) {
  const all = [];
  for (let after = null; ;) {
    const { runs } = await api.ask(RUNS, { status, after });
    all.push(...runs.nodes);
    if (!runs.pageInfo.hasNextPage) return all;
    after = runs.pageInfo.endCursor;
  }
}

/** `work` for each item, so many at a time; the first failure is thrown. */
export async function sideBySide(items, width, work) {
  const waiting = [...items].reverse();
  const worker = async () => {
    while (waiting.length > 0) await work(waiting.pop());
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
