/**
 * The same store port on every adapter, and the ways that events take to another reader, side by side in every round.
 *
 *   PostgreSQL        as `npm start` has it
 *   EventStoreDB      its wire protocol spoken by the double of @runledger/testing, in a process of its own: it keeps everything in
 *                     memory, so its figures show what our adapter and the client cost, not what a server does
 *   Kafka             a real broker, one node: the log in PostgreSQL, the relay, the topic, a reader of the topic
 *
 * `append → seen` goes from the call of append to the moment when a subscription of another store object has the event.
 */
import { createEventStoreDbStore, createPostgresEventStore, migrateEventStore, newUuid } from '@runledger/event-store';
import { PostgresCheckpoints, START } from '@runledger/event-store';
import { kafkaClient, kafkaDistribution, KafkaRelay } from '@runledger/messaging/kafka';
import { startEventStoreDouble } from '@runledger/testing';
import pg from 'pg';
import { missingForKafka } from '../infra/kafka/fetch-kafka.mjs';
import { startKafka } from '../infra/kafka/start-kafka.mjs';
import { percentiles, rate } from './rounds.mjs';
import { sampleEvent } from './sample-event.mjs';

const PACE = 500;
const TENANT = 'ws_bench';

export async function run({ databaseUrl, rounds, quick, log }) {
  const seconds = quick ? 0.4 : 1.5;
  const closing = [];
  try {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
    closing.push(() => pool.end());
    await migrateEventStore(pool);
    const double = await startEventStoreDouble();
    closing.push(() => double.stop());
    const open = {
      PostgreSQL: () => createPostgresEventStore({ connectionString: databaseUrl }),
      'EventStoreDB double': () => createEventStoreDbStore({ connectionString: double.connectionString }),
    };
    const adapters = Object.entries(open).map(([name, opening]) => {
      const [store, other] = [opening(), opening()];
      closing.push(
        () => store.close(),
        () => other.close(),
      );
      return { name, store, source: other, ways: ['append', 'seen'] };
    });
    const kafka = await openKafka({ pool, store: adapters[0].store, log, closing });
    if (kafka) adapters.push({ name: 'PostgreSQL and Kafka', store: adapters[0].store, source: kafka, ways: ['seen'] });
    const cells = cellsOf(adapters, seconds);
    for (let round = 0; round < rounds; round += 1) {
      for (const cell of cells) cell.values.push(await cell.measure());
      log(`adapters: round ${round + 1} of ${rounds}`);
    }
    return report(cells);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function cellsOf(adapters, seconds) {
  const appends = adapters.filter(({ ways }) => ways.includes('append'));
  return [
    ...[1, 32].flatMap(callers =>
      appends.map(({ name, store }) => ({
        name: `${name}: 1-event appends, ${callers} caller${callers > 1 ? 's' : ''}`,
        unit: 'events/s',
        values: [],
        measure: async () => (await rate({ callers, seconds: seconds / 2 }, appender(store))).perSecond,
      })),
    ),
    ...adapters.map(({ name, store, source }) => ({
      name: `${name}: append → seen at ${PACE}/s`,
      values: [],
      measure: () => seenBy(source, store, Math.round(PACE * seconds)),
    })),
  ];
}

function report(cells) {
  const rates = cells.filter(({ unit }) => unit);
  const seen = cells.filter(({ unit }) => !unit);
  const kafkaGoal = name => (name.includes('Kafka') ? { goal: { atMost: 250 } } : {});
  const figures = [
    ...rates.map(({ name, unit, values }) => ({ name, unit, values })),
    ...seen.flatMap(({ name, values }) => [
      { name: `${name}, p50`, unit: 'ms', values: values.map(each => each.p50) },
      { name: `${name}, p99`, unit: 'ms', values: values.map(each => each.p99), ...kafkaGoal(name) },
    ]),
  ];
  const lost = seen.flatMap(({ name, values }) =>
    values.filter(each => each.lost > 0).map(each => `${name}: ${each.lost}`),
  );
  const checks = [{ name: 'every event seen', met: lost.length === 0, detail: lost.join('; ') || undefined }];
  return { figures, ratios: [], checks };
}

function appender(store) {
  const streams = [];
  return async caller => {
    const stream = (streams[caller] ??= { name: `run-${newUuid()}`, next: 0 });
    const expected = stream.next === 0 ? 'no-stream' : stream.next - 1;
    await store.append({ tenant: TENANT, name: stream.name }, [sampleEvent(stream.name, stream.next)], expected);
    stream.next += 1;
  };
}

/** Appends at an even pace and watches when the source delivers what. */
async function seenBy(source, store, count) {
  const ending = new AbortController();
  const sent = new Map();
  const latencies = [];
  const after = await store.head();
  const watching = watch(source, { after, signal: ending.signal }, ({ id }) => {
    if (!sent.has(id)) return;
    latencies.push(performance.now() - sent.get(id));
    if (latencies.length === count) ending.abort();
  });
  await watching.ready;
  const started = performance.now();
  const appends = [];
  for (let n = 0; n < count; n += 1) {
    const aheadMs = started + (n * 1_000) / PACE - performance.now();
    if (aheadMs > 0) await new Promise(resolve => setTimeout(resolve, aheadMs));
    const name = `run-seen-${newUuid()}`;
    const event = sampleEvent(name, 0);
    sent.set(event.id, performance.now());
    appends.push(store.append({ tenant: TENANT, name }, [event], 'no-stream'));
  }
  await Promise.all(appends);
  const late = setTimeout(() => ending.abort(), 5_000);
  await watching.ended;
  clearTimeout(late);
  return { ...percentiles(latencies), lost: count - latencies.length };
}

/** `ready` resolves when the source has come to the end of the log. */
function watch(source, { after, signal }, onEvent) {
  let isReady;
  const ready = new Promise(resolve => (isReady = resolve));
  const follow = async () => {
    for await (const { events, caughtUp } of source.subscribe({ after, signal })) {
      events.forEach(onEvent);
      if (caughtUp) isReady();
    }
  };
  return { ready, ended: follow() };
}

async function openKafka({ pool, store, log, closing }) {
  const missing = missingForKafka();
  if (missing.length > 0) {
    log(`adapters: Kafka is left out, it needs ${missing.join(' and ')}`);
    return undefined;
  }
  const broker = await startKafka({ report: log });
  closing.push(() => broker.stop());
  const kafka = kafkaClient({ brokers: broker.brokers });
  const topic = `bench-${newUuid()}`;
  const relay = await KafkaRelay.start(
    { store, checkpoints: new PostgresCheckpoints(pool), kafka },
    { topic, owner: 'bench' },
  );
  closing.push(() => relay.stop());
  const distribution = kafkaDistribution({ kafka, store }, { topic });
  closing.push(() => distribution.close());
  await overTopic(distribution, store);
  return distribution;
}

/** The first events may still come from the store itself. */
async function overTopic(distribution, store) {
  const ending = new AbortController();
  const following = watch(distribution, { after: START, signal: ending.signal }, () => undefined).ended;
  for (const until = performance.now() + 30_000; distribution.status()?.from !== 'topic';) {
    if (performance.now() > until) throw new Error('No event came over the topic.');
    const name = `run-warm-${newUuid()}`;
    await store.append({ tenant: TENANT, name }, [sampleEvent(name, 0)], 'no-stream');
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  ending.abort();
  await following;
}
