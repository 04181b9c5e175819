/**
 * How fast the log is read from its first event, against a bare keyset scan: the same columns, pages of 1,000, one prepared
 * statement on one connection, JSON parsed by `pg`.
 */
import { createPostgresEventStore, migrateEventStore, START } from '@runledger/event-store';
import pg from 'pg';
import { inRounds, ratio, spread, goal } from './rounds.mjs';
import { sampleEvent } from './sample-event.mjs';

const PAGE = 1_000;
const STREAM_LENGTH = 100;

export async function run({ databaseUrl, quick = false, options = {} }) {
  const { rounds = 5 } = options;
  const streams = options.streams ?? (quick ? 200 : 1_000);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  try {
    await migrateEventStore(pool);
    const names = await fill(store, streams);
    await pool.query('vacuum analyze runledger.event');
    await scan(pool); // the pages are in memory
    const total = streams * STREAM_LENGTH;
    const timed = work => () => eventsPerSecond(total, work);
    const results = await inRounds(rounds, {
      'keyset scan': timed(() => scan(pool)),
      readAll: timed(() => readAll(store)),
      subscription: timed(() => subscribe(store, total)),
      'stream by index': timed(() => scanStreams(pool, names)),
      readStream: timed(() => readStreams(store, names)),
    });
    return report(results);
  } finally {
    await store.close();
    await pool.end();
  }
}

function report(results) {
  const figures = Object.fromEntries(
    Object.entries(results).map(([name, rounds]) => [name, { eventsPerSecond: spread(rounds, 'perSecond') }]),
  );
  const to = (name, base) => ratio(results[name], results[base], 'perSecond');
  const ratios = {
    'readAll to keyset scan': to('readAll', 'keyset scan'),
    'subscription to keyset scan': to('subscription', 'keyset scan'),
    'readStream to stream by index': to('readStream', 'stream by index'),
  };
  const goals = [
    goal('whole log by readAll, to a keyset scan', ratios['readAll to keyset scan'], 'atLeast', 0.8),
    goal('whole log by a subscription, to a keyset scan', ratios['subscription to keyset scan'], 'atLeast', 0.8),
    goal('streams of 100, to the same by index', ratios['readStream to stream by index'], 'atLeast', 0.6),
  ];
  return { name: 'read', figures, ratios, goals };
}

async function eventsPerSecond(total, work) {
  const started = performance.now();
  const seen = await work();
  if (seen !== total) throw new Error(`${seen} of ${total} events were read.`);
  return { perSecond: total / ((performance.now() - started) / 1000) };
}

async function scan(pool) {
  const text = `select gpos, stream_id, revision, event_id, type, data, metadata
    from runledger.event where gpos > $1 order by gpos limit ${PAGE}`;
  let seen = 0;
  for (let after = '0'; ;) {
    const { rows } = await pool.query({ name: 'scan', text, values: [after] });
    seen += rows.length;
    if (rows.length < PAGE) return seen;
    after = rows.at(-1).gpos;
  }
}

async function readAll(store) {
  let seen = 0;
  for (let after = START, caughtUp = false; !caughtUp;) {
    const slice = await store.readAll({ after, limit: PAGE });
    seen += slice.events.length;
    after = slice.scannedTo;
    caughtUp = slice.caughtUp;
  }
  return seen;
}

async function subscribe(store, total) {
  const ending = new AbortController();
  let seen = 0;
  for await (const batch of store.subscribe({ after: START, batchSize: PAGE, signal: ending.signal })) {
    seen += batch.events.length;
    if (seen >= total) ending.abort();
  }
  return seen;
}

async function scanStreams(pool, names) {
  const text = `select e.gpos, e.stream_id, e.revision, e.event_id, e.type, e.data, e.metadata
    from runledger.stream s join runledger.event e on e.stream_id = s.id
    where s.tenant = $1 and s.name = $2 order by e.revision`;
  let seen = 0;
  for (const name of names)
    seen += (await pool.query({ name: 'stream', text, values: ['ws_bench', name] })).rows.length;
  return seen;
}

async function readStreams(store, names) {
  let seen = 0;
  for (const name of names) seen += (await store.readStream({ tenant: 'ws_bench', name })).events.length;
  return seen;
}

/** Writes the streams side by side, so that they lie interleaved in the log as they do in life. */
async function fill(store, count) {
  const names = Array.from({ length: count }, (_, n) => `run-bench-${n}`);
  for (let next = 0; next < STREAM_LENGTH; next += 10) {
    await Promise.all(
      names.map(name => {
        const events = Array.from({ length: 10 }, (_, n) => sampleEvent(name, next + n));
        return store.append({ tenant: 'ws_bench', name }, events, next === 0 ? 'no-stream' : next - 1);
      }),
    );
  }
  return names;
}
