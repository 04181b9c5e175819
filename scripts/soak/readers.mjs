/** The readers' process: told by its parent what to follow, and in the end what the log holds. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { percentiles } from './figures.mjs';
import { Reader } from './reader.mjs';

const OPENED_AT_ONCE = 50;
const FIRST_ITEMS_WITHIN_MS = 60_000;
const LAST_ITEMS_WITHIN_MS = 60_000;
/** Longer than the platform waits for a reader, and than the kernel's buffers last. */
const STILL_MS = 20_000;
const STATUS_EVERY_MS = 2_000;

const readers = [];
const done = new AbortController();
let cuts = 0;
let secondCuts = 0;

process.on('message', message => {
  const answered = message.kind === 'follow' ? follow(message) : finish(message);
  answered.catch(error => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(1));

async function follow({ url, token, runIds, plan }) {
  const narrow = runIds.slice(0, -1);
  for (let n = 0; n < plan.sockets; n += 1) {
    const isSlow = n < plan.slow;
    const runId = isSlow ? runIds.at(-1) : narrow[n % narrow.length];
    readers.push(new Reader({ url, token, runId, isSlow, followsTranscript: n % 10 === 9 }));
    if (n % OPENED_AT_ONCE === OPENED_AT_ONCE - 1) await delay(50);
  }
  await untilAll(reader => reader.items > 0, FIRST_ITEMS_WITHIN_MS);
  process.send({ kind: 'following' });
  void cutAgainAndAgain(plan);
  for (const reader of readers.filter(({ isSlow }) => isSlow)) void standStill(reader);
  setInterval(tellStatus, STATUS_EVERY_MS).unref();
}

/** Some of all each time, at random; a third of those are cut again before they get anything. */
async function cutAgainAndAgain({ cutEveryMs, cutShare }) {
  while (!(await ended(cutEveryMs))) {
    for (const reader of readers) {
      if (Math.random() >= cutShare) continue;
      const again = Math.random() < 1 / 3;
      reader.cut(again);
      cuts += 1;
      secondCuts += again ? 1 : 0;
    }
  }
}

async function standStill(reader) {
  while (!(await ended(2_000 + Math.random() * 3_000))) {
    reader.pause();
    await ended(STILL_MS);
    reader.resume();
  }
}

async function ended(ms) {
  await delay(ms, undefined, { signal: done.signal }).catch(() => undefined);
  return done.signal.aborted;
}

async function finish({ file }) {
  done.abort();
  const truth = JSON.parse(readFileSync(file, 'utf8'));
  const unfinished = await untilAll(reader => reader.hasAll(truth), LAST_ITEMS_WITHIN_MS);
  await delay(500); // what comes twice may still come
  const verdicts = readers.map(reader => reader.compare(truth));
  const sum = name => verdicts.reduce((all, verdict) => all + verdict[name], 0);
  const problems = {};
  for (const { problem } of readers) if (problem) problems[problem] = (problems[problem] ?? 0) + 1;
  const count = name => readers.reduce((all, reader) => all + reader[name], 0);
  const figures = {
    ...{ items: count('items'), cuts, secondCuts, lagged: count('lagged'), expired: count('expired') },
    ...{ gaps: sum('gaps'), repeats: sum('repeats'), disorder: sum('disorder'), unfinished, problems },
    visibleMs: percentiles(readers.flatMap(reader => reader.lateMs)),
  };
  process.send({ kind: 'figures', figures });
  for (const reader of readers) reader.stop();
}

/** How many have not come so far. */
async function untilAll(isSo, withinMs) {
  const until = performance.now() + withinMs;
  for (let left = readers; ;) {
    left = left.filter(reader => reader.problem === undefined && !isSo(reader));
    if (left.length === 0 || performance.now() > until) return left.length;
    await delay(100);
  }
}

function tellStatus() {
  const items = readers.reduce((all, reader) => all + reader.items, 0);
  const lagged = readers.reduce((all, reader) => all + reader.lagged, 0);
  const text = `${items} items, ${cuts} cuts, ${lagged} times lagged`;
  process.send({ kind: 'status', text });
}
