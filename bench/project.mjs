/**
 * Events → rows: how fast a projection follows the log from nothing, and how fast it is rebuilt beside its live rows.
 *
 * The log holds streams of 20 events of about 500 bytes. `view` folds each stream into one row; `view, mixed` does so for
 * streams whose events lie scattered, so that nearly every event of a batch falls on another row; `rows` writes one row
 * per event. Baseline of the same round: the same events by multi-row INSERT of 1,000 into a plain table, on one
 * connection, without reading, folding or a checkpoint.
 */
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import {
  defineRows,
  defineView,
  migrateReadModels,
  ProjectionHost,
  readModelOptions,
  rebuild,
} from '@runledger/projections';
import pg from 'pg';
import { DataSource } from 'typeorm';

const PER_STREAM = 20;
const BATCH = 1_000;
const anything = { parse: input => input };
const catalogue = new EventCatalogue(
  ['BenchStarted', 'BenchStepped', 'MixedStarted', 'MixedStepped'].map(type =>
    defineEvent({ type, version: 1, schema: anything }),
  ),
);

export async function run({ databaseUrl, rounds, quick, log }) {
  const streams = quick ? 500 : 2_500;
  const bench = await openBench(databaseUrl);
  try {
    await createTables(bench.pool);
    log(`project: writing ${(streams * PER_STREAM * 2).toLocaleString('en')} events`);
    const ends = { view: await appendInTurn(bench.store, streams), mixed: await appendScattered(bench.store, streams) };
    const rates = { insert: [], view: [], mixed: [], rows: [], rebuildView: [], rebuildMixed: [], rebuildRows: [] };
    const same = { bytes: true, complete: true };
    for (let round = 0; round < rounds; round += 1) {
      await measureRound(bench, { round, streams, ends, rates, same });
      log(
        `project: round ${round + 1}: ${Object.entries(rates)
          .map(([name, values]) => `${name} ${Math.round(values.at(-1))}`)
          .join(', ')}`,
      );
    }
    return report(rates, same);
  } finally {
    await bench.close();
  }
}

async function measureRound({ pool, host, parts }, { round, streams, ends, rates, same }) {
  const events = streams * PER_STREAM;
  await pool.query('TRUNCATE bench.plain');
  const timed = async (name, work) => {
    const started = performance.now();
    await work();
    rates[name].push(events / ((performance.now() - started) / 1_000));
  };
  const projections = {
    view: view('views', 'Bench', round),
    mixed: view('mixed', 'Mixed', round),
    rows: rowPerEvent(round),
  };
  const ended = { view: ends.view, mixed: ends.mixed, rows: ends.view };
  await timed('insert', () => insertPlainly(pool, streams));
  for (const name of ['view', 'mixed', 'rows']) {
    await timed(name, () => built(host, projections[name], ended[name]));
  }
  const tables = ['views', 'mixed', 'rows'];
  const before = await Promise.all(tables.map(table => fingerprint(pool, table)));
  await timed('rebuildView', () => rebuild(parts, projections.view));
  await timed('rebuildMixed', () => rebuild(parts, projections.mixed));
  await timed('rebuildRows', () => rebuild(parts, projections.rows));
  const after = await Promise.all(tables.map(table => fingerprint(pool, table)));
  same.bytes &&= before.join() === after.join();
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM bench.views WHERE steps = $1)::int AS views,
    (SELECT count(*) FROM bench.mixed WHERE steps = $1)::int AS mixed, (SELECT count(*) FROM bench.rows)::int AS rows`,
    [PER_STREAM - 1],
  );
  same.complete &&= rows[0].views === streams && rows[0].mixed === streams && rows[0].rows === events;
}

async function built(host, projection, end) {
  const running = await host.start(projection);
  await running.reached(end);
  await running.stop();
}

function report(rates, same) {
  const figure = (name, values, goal) => ({ name, unit: 'events/s', values, ...(goal && { goal: { atLeast: goal } }) });
  const base = 'baseline: multi-row INSERT of 1,000';
  const figures = [
    figure(base, rates.insert),
    figure('view, one row per stream of 20', rates.view, 10_000),
    figure('view, streams scattered', rates.mixed),
    figure('rows, one row per event', rates.rows, 20_000),
    figure('rebuild beside: view', rates.rebuildView, 30_000),
    figure('rebuild beside: view, streams scattered', rates.rebuildMixed),
    figure('rebuild beside: rows', rates.rebuildRows),
  ];
  const ratios = figures.slice(1).map(({ name }) => ({
    name: `${name} / INSERT`,
    of: name,
    to: base,
    goal: { atLeast: 0.5 },
  }));
  return {
    figures,
    ratios,
    checks: [
      { name: 'a rebuild gives the same bytes', met: same.bytes },
      { name: 'every event counted once', met: same.complete },
    ],
  };
}

async function openBench(databaseUrl) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  await migrateEventStore(pool);
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const database = { url: databaseUrl, schema: 'bench', entities: [], migrations: [CreateBench1700000000001] };
  const dataSource = await new DataSource(readModelOptions(database)).initialize();
  await migrateReadModels(dataSource);
  const checkpoints = new PostgresCheckpoints(pool);
  const parts = { database, dataSource, store, checkpoints, catalogue };
  const host = new ProjectionHost({ ...parts, source: store }, { owner: 'bench' });
  const close = async () => {
    await host.stop();
    await dataSource.destroy();
    await store.close();
    await pool.end();
  };
  return { pool, store, host, parts, close };
}

const VIEW =
  'key text PRIMARY KEY, status text NOT NULL, steps int NOT NULL, updated timestamptz NOT NULL, view json NOT NULL';

class CreateBench1700000000001 {
  async up(runner) {
    await runner.query(`CREATE TABLE views (${VIEW}); CREATE TABLE mixed (${VIEW});
      CREATE TABLE rows (position bigint PRIMARY KEY, run text NOT NULL, step int NOT NULL, at timestamptz NOT NULL, detail json NOT NULL)`);
  }
}

async function createTables(pool) {
  await pool.query(`CREATE TABLE bench.plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL,
    version int NOT NULL, data jsonb NOT NULL, metadata jsonb NOT NULL, UNIQUE (stream, version))`);
}

/** Each round has a projection of its own, which begins with empty tables. */
function view(table, prefix, round) {
  return defineView({
    name: `${table}-${round}`,
    version: 1,
    table,
    types: [`${prefix}Started`, `${prefix}Stepped`],
    key: event => event.stream,
    evolve: (state, event) =>
      event.type === `${prefix}Started`
        ? {
            name: event.data.name,
            status: 'running',
            started: event.metadata.occurredAt,
            updated: event.metadata.occurredAt,
            steps: [],
          }
        : {
            ...state,
            updated: event.metadata.occurredAt,
            steps: [...state.steps, { step: event.data.step, outcome: event.data.outcome }],
          },
    columns: ({ status, steps, updated }) => ({ status, steps: steps.length, updated }),
  });
}

function rowPerEvent(round) {
  return defineRows({
    name: `rows-${round}`,
    version: 1,
    table: 'rows',
    uniqueBy: ['position'],
    types: ['BenchStarted', 'BenchStepped'],
    rows: ({ position, stream, revision, metadata, data }) => [
      { position, run: stream, step: revision, at: metadata.occurredAt, detail: data },
    ],
  });
}

/** Whole streams, one after the other. */
async function appendInTurn(store, streams) {
  await eachOf(streams, 16, async n => {
    const events = Array.from({ length: PER_STREAM }, (_, step) => event('Bench', `run-${n}`, step));
    await store.append({ tenant: 'ws_bench', name: `run-${n}` }, events, 'no-stream');
  });
  return store.head();
}

/** One event of each stream in turn. */
async function appendScattered(store, streams) {
  for (let step = 0; step < PER_STREAM; step += 1) {
    const expected = step === 0 ? 'no-stream' : step - 1;
    await eachOf(streams, 256, n =>
      store.append({ tenant: 'ws_bench', name: `mixed-${n}` }, [event('Mixed', `mixed-${n}`, step)], expected),
    );
  }
  return store.head();
}

async function insertPlainly(pool, streams) {
  for (let from = 0; from < streams; from += BATCH / PER_STREAM) {
    const count = Math.min(BATCH / PER_STREAM, streams - from) * PER_STREAM;
    const batch = Array.from({ length: count }, (_, i) => ({
      stream: `run-${from + Math.floor(i / PER_STREAM)}`,
      version: i % PER_STREAM,
      ...event('Bench', `run-${from}`, i % PER_STREAM),
    }));
    await pool.query({
      name: 'plain',
      text: `INSERT INTO bench.plain (stream, version, data, metadata)
        SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[], $4::jsonb[])`,
      values: ['stream', 'version', 'data', 'metadata'].map(column => batch.map(row => row[column])),
    });
  }
}

function event(prefix, stream, step) {
  const data =
    step === 0
      ? { name: `Release ${stream}`, parameters: { repository: 'example/shop', branch: 'main' }, note: FILLER }
      : { step: `step-${step}`, attempt: 1, outcome: 'SUCCESS', tokens: 100 * step, note: FILLER };
  const metadata = {
    correlationId: stream,
    causationId: newUuid(),
    actor: { kind: 'service', id: 'bench' },
    workspaceId: 'ws_bench',
    occurredAt: new Date().toISOString(),
    schemaVersion: 1,
  };
  return { id: newUuid(), type: `${prefix}${step === 0 ? 'Started' : 'Stepped'}`, data, metadata };
}

const FILLER = 'The agent read the change and wrote down what it thought of it. '.repeat(3);

async function eachOf(count, atOnce, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

async function fingerprint(pool, table) {
  const { rows } = await pool.query(
    `SELECT md5(string_agg(to_json(t)::text, '' ORDER BY to_json(t)::text)) AS md5 FROM bench.${table} t`,
  );
  return rows[0].md5;
}
