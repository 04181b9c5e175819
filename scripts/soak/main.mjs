/**
 * What `npm run soak` runs: a platform of its own, many sockets that follow runs through `libs/client`, and a writer that appends at a
 * steady pace. Sockets are cut again and again, some once more before their first item, and some readers stop reading. In the end what
 * each reader got is compared with the log.
 *
 *   npm run soak -- --sockets 1000 --minutes 3 --rate 500     the whole of it
 *   npm run soak -- --sockets 40 --seconds 8 --rate 100       a look
 *
 *   --runs 100        how many runs the sockets follow and the events belong to
 *   --cut-every 3     seconds between two cuts, each of --cut-share 0.1 of the sockets
 *   --slow 5          how many readers of large events stop reading now and then
 *   --p99 250         also fail when an event takes longer (ms, 99th percentile) from the call of append to the reader
 *   --cores 2         platform and database share so many cores, writer and readers have the others (Linux, with taskset)
 *   --distribution    store-direct or kafka; --brokers <host:port> uses a Kafka that runs already
 *   --json            figures only; --database <url> uses a PostgreSQL that runs already
 *
 * Exit code 0: no gap, no repeat, nothing out of order, and nobody left behind.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, numbersOf } from '../command-line.mjs';
import { createPostgresEventStore } from '@runledger/event-store';
import { Api } from '../load/api.mjs';
import { withEndings } from '../load/endings.mjs';
import { startEngines } from '../load/engines.mjs';
import { startPlatform } from '../load/platform.mjs';
import { CpuMeter, pinnedTo } from './cpu.mjs';
import { faultsOf, summaryOf } from './figures.mjs';
import { PROBE, watchInside } from './inside.mjs';
import { startRuns } from './runs.mjs';
import { truthOf, Writer } from './writer.mjs';

const NUMBERS = ['sockets', 'minutes', 'seconds', 'rate', 'runs', 'cut-every', 'cut-share', 'slow', 'p99', 'cores'];

const { values } = commandLine(import.meta.url, {
  options: {
    sockets: { type: 'string', default: '1000' },
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '180' },
    rate: { type: 'string', default: '500' },
    runs: { type: 'string', default: '100' },
    'cut-every': { type: 'string', default: '3' },
    'cut-share': { type: 'string', default: '0.1' },
    slow: { type: 'string', default: '5' },
    p99: { type: 'string' },
    cores: { type: 'string' },
    distribution: { type: 'string', default: 'store-direct' },
    brokers: { type: 'string' },
    database: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const number = numbersOf(import.meta.url, values, NUMBERS);
const plan = {
  sockets: number.sockets,
  forMs: number.minutes === undefined ? number.seconds * 1_000 : number.minutes * 60_000,
  rate: number.rate,
  runs: Math.min(number.runs, number.sockets),
  cutEveryMs: number['cut-every'] * 1_000,
  cutShare: number['cut-share'],
  slow: number.slow,
  p99Ms: number.p99,
  cores: number.cores,
  distribution: values.distribution,
};
const log = values.json ? () => undefined : line => console.log(line);

await withEndings(async ending => {
  const figures = await soak(ending);
  const faults = faultsOf(figures, plan);
  console.log(values.json ? JSON.stringify({ ...figures, faults }) : summaryOf(figures, faults));
  return faults.length === 0;
});

async function soak(ending) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-soak-')));
  ending.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const platform = await openPlatform(home, ending);
  const runIds = await startRuns(new Api(platform.url, platform.token), plan.runs + 1);
  const store = createPostgresEventStore({ connectionString: platform.databaseUrl });
  ending.push(() => store.close());
  const readers = await openReaders(platform, { runIds, ending });
  log(`${plan.sockets} readers follow ${plan.runs} runs.`);
  const meter = new CpuMeter({
    platform: platform.process.pid,
    database: platform.databasePid,
    writer: process.pid,
    readers: readers.pid,
  });
  const watched = watchCarrier(platform, ending);
  const readInside = watchInside(platform.process);
  const writer = new Writer(store, runIds, plan);
  const written = await writer.write(line => log(`${line}; ${readers.status()}`));
  const [cores, inside, carried] = [meter.read(), await readInside(), platform.carried(await watched())];
  const file = join(home, 'truth.json');
  writeFileSync(file, JSON.stringify(await truthOf(store, runIds)));
  return { ...plan, ...written, ...(await readers.finish(file)), coresUsed: cores, inside, carried };
}

/** With what it needs, on the cores that are meant for it. */
async function openPlatform(home, ending) {
  const { database, brokers, distribution } = values;
  const choice = { store: 'postgres', mode: 'standalone', distribution, database, brokers };
  const moveOn = plan.cores === undefined ? () => undefined : pinnedTo(plan.cores);
  const engines = await startEngines(choice, { home, log, ending });
  let stopPlatform;
  ending.push(() => stopPlatform?.());
  const environment = { ...engines.environment, API_REQUESTS_PER_MINUTE: '0' };
  const platform = await startPlatform({
    plan: choice,
    home,
    environment,
    probe: PROBE,
    onSpawn: stop => (stopPlatform = stop),
  });
  log(`The platform is ready: ${platform.log}.`);
  moveOn();
  return { ...platform, ...engines };
}

/** What health says while events are written; answered by the function that is returned, which ends the watch. */
function watchCarrier({ url, token }, ending) {
  const done = new AbortController();
  ending.push(() => done.abort());
  const health = new Api(url, token).watchHealth(done.signal);
  return () => {
    done.abort();
    return health;
  };
}

/** Readers are a process of their own, as they are in life: what they take does not slow down the writer. */
async function openReaders({ url, token }, { runIds, ending }) {
  const child = fork(join(import.meta.dirname, 'readers.mjs'), [], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  ending.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let status = '';
  const heard = kind =>
    new Promise((resolve, reject) => {
      child.on('message', message => message.kind === kind && resolve(message));
      void ended.then(([code]) => reject(new Error(`The readers ended with ${code}.`)));
    });
  child.on('message', message => message.kind === 'status' && (status = message.text));
  child.send({ kind: 'follow', url, token, runIds, plan });
  await heard('following');
  return {
    pid: child.pid,
    status: () => status,
    finish: async file => {
      const figures = heard('figures');
      if (child.connected) child.send({ kind: 'finish', file }); // else it has ended, and that is what is told
      return (await figures).figures;
    },
  };
}
