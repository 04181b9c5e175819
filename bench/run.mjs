/**
 * The engine alone (engine.mjs): runs of ten chained steps whose work takes no time, 50 at once and one at a time, in both
 * shapes: `claimed`, as steps in a sandbox work (three commits a step), and `function`, with the promise that
 * DBOS and Restate make (one commit a step). Gates: from the call of Decide to the news of the step's StepReady.
 *
 * Baselines of the same round, without any engine: the same number of plain INSERTs of about 500 bytes, one commit each.
 * How other engines do the same ten steps: `npm run bench -- peers`.
 */
import pg from 'pg';
import { COMMITS_PER_STEP, openEngine, STEPS } from './engine.mjs';
import { percentiles } from './rounds.mjs';
import { withDatabase } from './server.mjs';

const IN_FLIGHT = 50;
const SHAPES = ['claimed', 'function'];

export async function run({ databaseUrl, rounds, quick, log }) {
  const size = quick ? { runs: 200, alone: 30, gates: 20 } : { runs: 1_000, alone: 150, gates: 150 };
  // Each shape has a log of its own.
  return withDatabase(databaseUrl, second => measure([databaseUrl, second], size, { rounds, log }));
}

async function measure(urls, size, { rounds, log }) {
  const pool = new pg.Pool({ connectionString: urls[0], max: 32 });
  const engines = await Promise.all(SHAPES.map((shape, index) => openEngine(urls[index], { shape })));
  try {
    for (const engine of engines) await engine.runMany(size.runs / 2, IN_FLIGHT); // the code and the caches are warm
    const shapes = Object.fromEntries(SHAPES.map(shape => [shape, emptyResults()]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, shape] of SHAPES.entries()) {
        await oneRound(pool, engines[index], { size, commits: COMMITS_PER_STEP[shape] * STEPS, into: shapes[shape] });
        const { many, alone } = shapes[shape];
        const [steps, p50] = [Math.round(many.at(-1).stepsPerSecond), alone.at(-1).p50.toFixed(1)];
        log(`run: round ${round + 1}, ${shape}: ${steps} steps/s; alone p50 ${p50} ms`);
      }
    }
    const problems = await Promise.all(engines.map(engine => engine.problems()));
    return report(shapes, problems.filter(Boolean).join('; '));
  } finally {
    await Promise.all(engines.map(engine => engine.close()));
    await pool.end();
  }
}

function emptyResults() {
  return { insert: [], chain: [], many: [], alone: [], gates: [] };
}

async function oneRound(pool, engine, { size, commits, into }) {
  into.insert.push(await insertMany(pool, size.runs, commits));
  into.many.push(await engine.runMany(size.runs, IN_FLIGHT));
  into.chain.push(await insertInTurn(pool, size.alone, commits));
  into.alone.push(await engine.runMany(size.alone, 1));
  into.gates.push(await engine.decideMany(size.gates));
}

function report(shapes, problems) {
  const figures = [];
  const ratios = [];
  for (const [shape, { insert, chain, many, alone, gates }] of Object.entries(shapes)) {
    const figure = (name, unit, values, goal) => {
      figures.push({ name: `${shape}: ${name}`, unit, values, ...(goal && { goal }) });
      return `${shape}: ${name}`;
    };
    const of = (results, key) => results.map(each => each[key]);
    const commits = COMMITS_PER_STEP[shape];
    const steps = figure(`steps, ${IN_FLIGHT} runs at once`, 'steps/s', of(many, 'stepsPerSecond'));
    figure('CPU of this process per step', 'µs', of(many, 'cpuMicrosPerStep'));
    figure(`one run among ${IN_FLIGHT}, p50`, 'ms', of(many, 'p50'));
    figure(`one run among ${IN_FLIGHT}, p99`, 'ms', of(many, 'p99'));
    const goal = shape === 'function' ? { atMost: 16 } : undefined;
    const p50 = figure('one run alone, p50', 'ms', of(alone, 'p50'), goal);
    figure('one run alone, p99', 'ms', of(alone, 'p99'));
    figure('gate decided, next step ready, p50', 'ms', of(gates, 'p50'));
    figure('gate decided, next step ready, p99', 'ms', of(gates, 'p99'), { atMost: 10 });
    const rate = figure(`baseline, ${commits} INSERTs per step on 32 connections`, 'steps/s', insert);
    const turn = figure(`baseline, ${commits * STEPS} INSERTs in turn, p50`, 'ms', of(chain, 'p50'));
    ratios.push({ name: `${shape}: steps, engine / plain INSERTs`, of: steps, to: rate });
    ratios.push({ name: `${shape}: one run alone, engine / plain INSERTs in turn`, of: p50, to: turn });
  }
  const checks = [
    { name: 'every run completed, every step once', met: problems === '', detail: problems || undefined },
  ];
  return { figures, ratios, checks };
}

/** The floor: what the commits alone cost, 32 connections at once. */
async function insertMany(pool, runs, commitsPerRun) {
  await pool.query(`CREATE TABLE IF NOT EXISTS bench_plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text NOT NULL, version int NOT NULL, data jsonb NOT NULL, metadata jsonb NOT NULL, UNIQUE (stream, version))`);
  await pool.query('TRUNCATE bench_plain');
  const commits = runs * commitsPerRun;
  let next = 0;
  const lane = async () => {
    while (next < commits) await insertOne(pool, `run-${next % 1_000}`, (next += 1));
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 32 }, lane));
  return (runs * STEPS) / ((performance.now() - started) / 1_000);
}

/** The floor of one run alone: its commits, one after the other. */
async function insertInTurn(pool, runs, commitsPerRun) {
  const latencies = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    for (let version = 0; version < commitsPerRun; version += 1) await insertOne(pool, `alone-${run}`, version);
    latencies.push(performance.now() - started);
  }
  return percentiles(latencies);
}

const PADDING = JSON.stringify({ text: 'x'.repeat(200) });
const INSERT = {
  name: 'bench-plain',
  text: 'INSERT INTO bench_plain (stream, version, data, metadata) VALUES ($1, $2, $3, $4)',
};

function insertOne(pool, stream, version) {
  return pool.query({ ...INSERT, values: [stream, version, PADDING, PADDING] });
}
