import { readFileSync } from 'node:fs';
import { attemptId } from '../libs/kernel/dist/index.js';
import { FATES } from './plan.mjs';

/** Between two looks at the clock of a machine that has much to do. */
const CLOCK_MS = 250;
/** So long after a disaster it may still be the reason: PostgreSQL is back by then, and a process has ended. */
const AFTERMATH_MS = 15_000;

/** What functions counted outside: run id → lines, as `functions.mjs` writes them. */
export function readCalls(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Map.groupBy(
    lines.map(line => JSON.parse(line)),
    ({ runId }) => runId,
  );
}

/**
 * Holds the calls of a run's functions against its log: each attempt was called, under one key of its own; what it ended with is what
 * a call returned that had its effect outside; none was called once its end was stored, and none again without a disaster that
 * struck who had called. `storedAt`: when the log took an event, in ms since the epoch, by its id. Answers how many were called again.
 */
export function callsOf({ fate, id }, { events, lines, storedAt, struck }, about) {
  const attempts = events.filter(({ type, data }) => type === 'StepReady' && data.function);
  for (const [step, wanted] of Object.entries(FATES[fate].functions)) {
    const found = attempts.filter(({ data }) => data.step === step).length;
    if (found !== wanted) about(`${step} took ${found} attempts, and must take ${wanted}`);
  }
  const known = new Set(attempts.map(({ data }) => attemptId(id, data.step, data.attempt)));
  for (const { key, step, attempt } of lines) {
    if (key !== attemptId(id, step, attempt)) about(`attempt ${attempt} of ${step} was called under ${key}`);
    else if (!known.has(key)) about(`attempt ${attempt} of ${step} was called, and is not in the log`);
  }
  return attempts.reduce((sum, { data: place }) => {
    const own = lines.filter(({ step, attempt }) => step === place.step && attempt === place.attempt);
    const say = text => about(`attempt ${place.attempt} of ${place.step} ${text}`);
    return sum + attemptOf(endOf(place, events), { lines: own, storedAt, struck }, say);
  }, 0);
}

function attemptOf(end, { lines, storedAt, struck }, say) {
  const begun = lines.filter(({ what }) => what === 'begins').sort((a, b) => a.at - b.at);
  const ended = lines.filter(({ what }) => what === 'ends').map(({ call }) => call);
  if (begun.length === 0) say('was never called');
  if (!end) say('has no end');
  else {
    if (end.type === 'StepCompleted' && !ended.includes(end.data.output?.call))
      say('has an output that no call returned');
    if (end.type !== 'StepCompleted' && ended.length > 0) say(`did its work, and the log has ${end.type}`);
    const stored = storedAt.get(end.id);
    for (const { at } of begun)
      if (!(at <= stored + CLOCK_MS)) say(`was called ${at - stored} ms after its end was stored`);
  }
  begun.forEach((call, index) => {
    const before = begun[index - 1];
    if (before && !hasReason(before, call, struck))
      say(`was called again after ${call.at - before.at} ms, and nothing had struck`);
  });
  return Math.max(0, begun.length - 1);
}

/** Its process was struck before the result was stored, or the store was. */
function hasReason(before, call, struck) {
  return struck.some(
    ({ what, pid, at }) =>
      before.at - AFTERMATH_MS < at && at < call.at && (pid === before.pid || what.endsWith('PostgreSQL')),
  );
}

function endOf({ step, attempt }, events) {
  return events.find(
    ({ type, data }) =>
      data.step === step &&
      ((['StepCompleted', 'StepFailed', 'StepBlocked'].includes(type) && data.attempt === attempt) ||
        (type === 'StepRetryScheduled' && data.attempt === attempt + 1)),
  );
}
