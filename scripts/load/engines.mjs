import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { openPostgres } from '../../libs/platform/dist/postgres/index.js';
import { startKafka } from '../../infra/kafka/start-kafka.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const DOUBLE = join(ROOT, 'libs', 'testing', 'dist', 'eventstoredb', 'serve-double.js');

/** Starts what the plan needs and pushes what ends it; answers the platform's environment. */
export async function startEngines(plan, { home, log, ending }) {
  const { databaseUrl, databasePid } = plan.database ? { databaseUrl: plan.database } : await postgres(home, ending);
  const store = { postgres: () => ({}), eventstoredb: () => eventStoreDb(log, ending) }[plan.store];
  const distribution = { 'store-direct': () => ({}), kafka: () => kafka(plan, log, ending) }[plan.distribution];
  if (!store) throw new Error('--store is postgres or eventstoredb.');
  if (!distribution) throw new Error('--distribution is store-direct or kafka.');
  const environment = { DATABASE_URL: databaseUrl, ...(await store()), ...(await distribution()) };
  return { databaseUrl, databasePid, environment, carried: health => carried(plan, health) };
}

async function postgres(home, ending) {
  const server = await openPostgres({ dataDir: join(home, 'postgres') });
  ending.push(() => server.stop());
  return { databaseUrl: server.url, databasePid: server.pid };
}

/** A process of its own: it must not meet the client of the same family. */
async function eventStoreDb(log, ending) {
  const child = spawn(process.execPath, [DOUBLE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise(resolve => child.once('close', resolve));
  ending.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = await new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', chunk => {
      output += chunk;
      const [found] = /esdb:\S+/.exec(output) ?? [];
      if (found) resolve(found);
    });
    void ended.then(code => reject(new Error(`The double of EventStoreDB ended with ${code}.`)));
  });
  log(`A double of EventStoreDB serves at ${url}.`);
  return { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL: url };
}

async function kafka(plan, log, ending) {
  let brokers = plan.brokers;
  if (!brokers) {
    const broker = await startKafka({ report: log });
    ending.push(() => broker.stop());
    brokers = broker.brokers.join(',');
    log(`${broker.served} serves at ${brokers}.`);
  }
  return { DISTRIBUTION: 'kafka', KAFKA_BROKERS: brokers, KAFKA_TOPIC: `load-${randomBytes(4).toString('hex')}` };
}

/** Whether what was to carry the events carried them, by what health said while the runs were at work. */
function carried({ distribution }, health) {
  const name = `events were ${distribution === 'kafka' ? 'brought by Kafka' : 'read from the store'}`;
  if (distribution === 'store-direct') return { name, met: true };
  const over = health.filter(({ checks }) => checks?.distribution?.ok && !checks.distribution.message);
  const detail = `in ${over.length} of ${health.length} looks, one a second`;
  return { name, met: over.length > 0 && over.length >= health.length / 2, detail };
}
