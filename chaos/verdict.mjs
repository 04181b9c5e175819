import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callsOf, readCalls } from './calls.mjs';
import { FATES } from './plan.mjs';

const EVENTS = /* GraphQL */ `
  query ($runId: ID!, $after: Position) {
    events(runId: $runId, after: $after, first: 200) {
      nodes {
        id
        type
        stream
        revision
        occurredAt
        data
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const LAST = ['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'];
/** What a person whom a run waited for has said. */
const HEARD = ['ApprovalDecided', 'RunCancelRequested'];
const ONCE = ['RunStarted', 'GateReached', 'ApprovalRequested', 'ApprovalDecided', 'GateResolved', ...LAST];

/** Holds what was seen against the log, and the log against the model. Answers findings (none: all is well) and figures. */
export async function judge({ api, load, subscribers, disasters, world }) {
  const findings = [];
  const counted = countsIn(world.folder);
  const calls = readCalls(world.calls);
  const storedAt = await world.storedTimes();
  const { struck } = disasters;
  const resumed = [];
  let [cutOff, calledAgain] = [0, 0];
  for (const run of load.runs) {
    const about = text => findings.push(`${run.id ?? run.key} (${run.fate}): ${text}`);
    if (run.problem) about(run.problem);
    if (!run.id || !run.status) continue;
    const events = await eventsOf(api, run.id);
    logOf(events, about);
    if (stateOf(run, events, about)) {
      cutOff += workOf(run, events, counted, about);
      calledAgain += callsOf(run, { events, lines: calls.get(run.id) ?? [], storedAt, struck }, about);
    }
    seenBy(subscribers.seen.get(run.id) ?? [], events, about);
    resumed.push(...resumptionsOf(run.id, events, struck));
  }
  return { findings, cutOff, calledAgain, resumed };
}

async function eventsOf(api, runId) {
  const all = [];
  for (let after = null; ;) {
    const { events } = await api.data(EVENTS, { runId, after });
    all.push(...events.nodes);
    if (!events.pageInfo.hasNextPage) return all;
    after = events.pageInfo.endCursor;
  }
}

/** The run is in the state that its model says; false when it is not, and then its work is not what the model says either. */
function stateOf({ fate, status }, events, about) {
  if (status === FATES[fate].status) return true;
  const failed = events.find(({ type }) => type === 'RunFailed');
  const why = failed ? `: ${failed.data.step}: ${failed.data.error.code} ${failed.data.error.message}` : '';
  about(`it is ${status}, and must be ${FATES[fate].status}${why}`);
  return false;
}

/** No event is lost or there twice: streams have no hole, and what happens once happened once. */
function logOf(events, about) {
  if (new Set(events.map(({ id }) => id)).size !== events.length) about('an event is in the log twice');
  const next = new Map();
  for (const { stream, revision } of events) {
    const expected = next.get(stream) ?? 0;
    if (Number(revision) !== expected) about(`${stream} goes from ${expected - 1} to ${revision}`);
    next.set(stream, Number(revision) + 1);
  }
  for (const type of ONCE) if (amount(events, type) > 1) about(`${amount(events, type)} × ${type}`);
  if (LAST.reduce((sum, type) => sum + amount(events, type), 0) !== 1) about('it has not exactly one end');
  for (const key of ['callId', 'usageId']) {
    const type = key === 'callId' ? 'ToolCallEnded' : 'ChargeRecorded';
    const ids = events.filter(event => event.type === type).map(({ data }) => data[key]);
    if (new Set(ids).size !== ids.length) about(`a ${type} repeats its ${key}`);
  }
}

/**
 * What ran, counted outside: each call ended, and none that had ended began again. A call that was cut off begins again, at
 * most once for each time that its attempt was taken up again; answers how many did.
 */
function workOf({ key, fate }, events, counted, about) {
  const repeats = amount(events, 'AttemptResumed') + Math.max(0, amount(events, 'AttemptStarted') - attemptsOf(fate));
  let again = 0;
  for (const call of FATES[fate].ended) {
    const begun = counted.get(`${key} ${call} begins`) ?? 0;
    const ended = counted.get(`${key} ${call} ends`) ?? 0;
    if (ended < 1) about(`${call} never ended, counted outside`);
    if (begun > 1 + repeats) about(`${call} began ${begun} times, its attempts were taken up again ${repeats} times`);
    again += Math.max(0, begun - 1);
  }
  if (again > repeats) about(`${again} calls began again, its attempts were taken up again only ${repeats} times`);
  return again;
}

function attemptsOf(fate) {
  return { passes: 4, fails: 3, throws: 1, rejected: 3, cancelled: 3 }[fate];
}

/** The subscriber has the log up to the end of the run: no gap, no repeat, the same order (G1). */
function seenBy(seen, events, about) {
  const end = events.findIndex(({ type }) => LAST.includes(type));
  const log = events.slice(0, end + 1).map(({ id }) => id);
  if (seen.length === log.length && seen.every((id, at) => id === log[at])) return;
  const first = log.findIndex((id, at) => seen[at] !== id);
  about(`its subscriber saw ${seen.length} events, the log has ${log.length}; they differ from the ${first + 1}th on`);
}

/**
 * For each disaster that struck while the run did not wait for a person: ms until the run went on, between which events it stood
 * still meanwhile, and what struck in that time.
 */
function resumptionsOf(runId, events, struck) {
  let waits = false;
  return events.flatMap(({ occurredAt, type }, at) => {
    const next = events[at + 1];
    waits = type === 'ApprovalRequested' || (waits && !HEARD.includes(type));
    if (!next || waits || LAST.includes(type)) return [];
    const [from, to] = [Date.parse(occurredAt), Date.parse(next.occurredAt)];
    const meanwhile = struck.filter(({ at: time }) => from <= time && time < to);
    const last = Math.max(...meanwhile.map(({ at: time }) => time));
    const between = `${runId}: ${type} → ${next.type}`;
    return meanwhile.map(({ at: time }) => ({ ms: to - time, isLast: time === last, between, meanwhile }));
  });
}

function amount(events, type) {
  return events.filter(event => event.type === type).length;
}

function countsIn(folder) {
  const counts = new Map();
  const file = join(folder, 'ran');
  if (!existsSync(file)) return counts;
  for (const line of readFileSync(file, 'utf8').split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}
