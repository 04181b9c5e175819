/**
 * How fast events are appended, against plain INSERTs into a table with the same columns and the same indexes, prepared,
 * one commit each.
 */
import { randomUUID } from 'node:crypto';
import { createPostgresEventStore, migrateEventStore } from '@runledger/event-store';
import pg from 'pg';
import { goal, inRounds, rate, ratio, spread } from './rounds.mjs';
import { sampleEvent } from './sample-event.mjs';

const CALLERS = [1, 8, 32];
const STREAM_LENGTH = 100;
let baseStreams = 0;

export async function run({ databaseUrl, options = {} }) {
  const { rounds = 5, seconds = 0.8 } = options;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 34 });
  await migrateEventStore(pool);
  await makeBaseTable(pool);
  const open = flights => createPostgresEventStore({ connectionString: databaseUrl, poolSize: 34, flights });
  const alone = open({ flights: 32, appends: 1 });
  const shared = open(options.flights ?? {});
  const base = await baseWriters(databaseUrl, 32);
  try {
    const results = await inRounds(rounds, cells({ base, alone, shared, seconds }));
    return report(results);
  } finally {
    await Promise.all([...base.map(client => client.end()), alone.close(), shared.close()]);
    await pool.query('drop table bench_base');
    await pool.end();
  }
}

/** Cell names are `<what> c=<callers>`; every first one is the base of those after it. */
function cells({ base, alone, shared, seconds }) {
  const all = {};
  for (const callers of CALLERS) {
    const measure = work => () => rate({ callers, seconds }, work);
    all[`insert 1 c=${callers}`] = measure(insertInto(base, 1));
    all[`append 1 alone c=${callers}`] = measure(appendTo(alone, 1));
    all[`append 1 shared c=${callers}`] = measure(appendTo(shared, 1));
    all[`insert 10 c=${callers}`] = measure(insertInto(base, 10));
    all[`append 10 alone c=${callers}`] = measure(appendTo(alone, 10));
    all[`append 10 shared c=${callers}`] = measure(appendTo(shared, 10));
  }
  return all;
}

function report(results) {
  const figures = {};
  const ratios = {};
  for (const [name, rounds] of Object.entries(results)) {
    const size = name.includes(' 10 ') ? 10 : 1;
    const scaled = rounds.map(round => ({ ...round, eventsPerSecond: round.perSecond * size }));
    figures[name] = {
      eventsPerSecond: spread(scaled, 'eventsPerSecond'),
      p50Ms: spread(rounds, 'p50').median,
      p99Ms: spread(rounds, 'p99').median,
    };
    const base = name.replace(/^append (\d+) \w+/, 'insert $1');
    if (base !== name) ratios[name] = ratio(rounds, results[base], 'perSecond');
  }
  ratios['p99 of append 1 shared c=32'] = ratio(results['append 1 shared c=32'], results['insert 1 c=32'], 'p99');
  const goals = [
    goal(
      '1-event append in a transaction of its own, 1 caller, to INSERT',
      ratios['append 1 alone c=1'],
      'atLeast',
      0.6,
    ),
    goal('the same, 8 callers', ratios['append 1 alone c=8'], 'atLeast', 0.6),
    goal('the same, 32 callers', ratios['append 1 alone c=32'], 'atLeast', 0.6),
    goal('1-event append, shared transactions, 32 callers, to INSERT', ratios['append 1 shared c=32'], 'atLeast', 1.5),
    goal('10-event append, 32 callers, to a ten-row INSERT', ratios['append 10 shared c=32'], 'atLeast', 0.6),
  ];
  return { name: 'append', figures, ratios, goals };
}

/** Each caller fills streams of its own, always saying which revision it expects. */
function appendTo(store, size) {
  const streams = [];
  return async caller => {
    let stream = streams[caller];
    if (!stream || stream.next >= STREAM_LENGTH) {
      stream = streams[caller] = { ref: { tenant: 'ws_bench', name: `run-${randomUUID()}` }, next: 0 };
    }
    const events = Array.from({ length: size }, (_, index) => sampleEvent(stream.ref.name, stream.next + index));
    const outcome = await store.append(stream.ref, events, stream.next === 0 ? 'no-stream' : stream.next - 1);
    if (outcome.status !== 'appended') throw new Error(`An append ended as ${outcome.status}.`);
    stream.next += size;
  };
}

function insertInto(clients, size) {
  const streams = [];
  const rows = Array.from(
    { length: size },
    (_, row) => `(${Array.from({ length: 9 }, (_, i) => `$${row * 9 + i + 1}`)})`,
  );
  const text = `insert into bench_base (stream_id, revision, event_id, tenant, stream, type, correlation_id, data, metadata)
    values ${rows}`;
  return async caller => {
    let stream = streams[caller];
    if (!stream || stream.next >= STREAM_LENGTH) {
      stream = streams[caller] = { id: (baseStreams += 1), name: `run-${randomUUID()}`, next: 0 };
    }
    const values = [];
    for (let index = 0; index < size; index += 1) {
      const event = sampleEvent(stream.name, stream.next + index);
      values.push(stream.id, stream.next + index, event.id, 'ws_bench', stream.name, event.type);
      values.push(event.metadata.correlationId, JSON.stringify(event.data), JSON.stringify(event.metadata));
    }
    await clients[caller].query({ name: `insert-${size}`, text, values });
    stream.next += size;
  };
}

async function makeBaseTable(pool) {
  await pool.query('drop table if exists bench_base');
  await pool.query(`create table bench_base (like runledger.event including defaults including indexes)`);
  await pool.query('alter table bench_base alter column gpos add generated always as identity');
}

async function baseWriters(connectionString, count) {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString }));
  await Promise.all(clients.map(client => client.connect()));
  return clients;
}
