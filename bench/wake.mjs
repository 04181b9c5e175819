/**
 * How long an event takes from the call of append to a subscriber in another process, at a steady pace. Both clocks are the
 * machine's monotonic one. The base is the append alone, from call to confirmation, in the same round.
 */
import { fork } from 'node:child_process';
import { createPostgresEventStore, migrateEventStore } from '@runledger/event-store';
import pg from 'pg';
import { goal, inRounds, percentiles, ratio, spread } from './rounds.mjs';
import { sampleEvent } from './sample-event.mjs';

const PACES = [200, 2_000];

export async function run({ databaseUrl, quick = false, options = {} }) {
  const { rounds = 5, seconds = quick ? 0.5 : 2 } = options;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  await migrateEventStore(pool);
  await pool.end();
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const reader = await startReader(databaseUrl);
  try {
    const pace = perSecond => () => measure(store, reader, { perSecond, seconds });
    const results = await inRounds(rounds, Object.fromEntries(PACES.map(each => [`${each}/s`, pace(each)])));
    return report(results);
  } finally {
    await reader.stop();
    await store.close();
  }
}

function report(results) {
  const figures = {};
  const ratios = {};
  for (const [name, rounds] of Object.entries(results)) {
    figures[name] = {
      seenP50Ms: spread(rounds, 'p50'),
      seenP99Ms: spread(rounds, 'p99'),
      appendP50Ms: spread(rounds, 'appendP50'),
      appendP99Ms: spread(rounds, 'appendP99'),
      lost: Math.max(...rounds.map(({ lost }) => lost)),
    };
    const bases = rounds.map(({ appendP50 }) => ({ p50: appendP50 }));
    ratios[`seen to append, p50, ${name}`] = ratio(rounds, bases, 'p50');
  }
  const goals = [
    goal(
      'append to a subscriber in another process, 200/s, p99 in ms',
      figures['200/s'].seenP99Ms.median,
      'atMost',
      25,
    ),
    ...PACES.map(each => goal(`events lost at ${each}/s`, figures[`${each}/s`].lost, 'atMost', 0)),
  ];
  return { name: 'wake', figures, ratios, goals };
}

/** Appends at an even pace, whatever single appends take, and collects when the other process saw what. */
async function measure(store, reader, { perSecond, seconds }) {
  const count = Math.round(perSecond * seconds);
  const started = performance.now();
  const appendMs = [];
  const sent = new Map();
  const waiting = [];
  for (let n = 0; n < count; n += 1) {
    const aheadMs = started + (n * 1000) / perSecond - performance.now();
    if (aheadMs > 0) await new Promise(resolve => setTimeout(resolve, aheadMs));
    waiting.push(appendOne(store, sent, appendMs, n));
  }
  await Promise.all(waiting);
  const seen = await reader.seen(count);
  const latencies = [...sent].filter(([id]) => seen.has(id)).map(([id, at]) => Number(seen.get(id) - at) / 1e6);
  const own = percentiles(appendMs);
  return { ...percentiles(latencies), appendP50: own.p50, appendP99: own.p99, lost: count - latencies.length };
}

async function appendOne(store, sent, appendMs, n) {
  const event = sampleEvent(`run-wake-${n % 50}`, n);
  const before = process.hrtime.bigint();
  sent.set(event.id, before);
  await store.append({ tenant: 'ws_bench', name: `run-wake-${n % 50}` }, [event], 'any');
  appendMs.push(Number(process.hrtime.bigint() - before) / 1e6);
}

async function startReader(databaseUrl) {
  const child = fork(new URL('./wake.reader.mjs', import.meta.url), [databaseUrl]);
  const seen = new Map();
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`The reading process ended with ${code}.`)));
    child.on('message', message => {
      if (message === 'ready') return resolve();
      for (const [id, at] of message) seen.set(id, BigInt(at));
    });
  });
  return {
    /** What arrived, at the latest three seconds after the last append. */
    async seen(count) {
      for (const end = performance.now() + 3_000; seen.size < count && performance.now() < end;) {
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      const arrived = new Map(seen);
      seen.clear();
      return arrived;
    },
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.removeAllListeners('error');
      child.disconnect();
      await ended;
    },
  };
}
