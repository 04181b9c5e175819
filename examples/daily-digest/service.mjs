// A service on the events, in a process of its own: it follows the topic, counts what each workspace did on each day (UTC),
// and posts the digest of a day that is over as JSON:
//
//   DATABASE_URL=postgres://… KAFKA_BROKERS=127.0.0.1:9092 node examples/daily-digest/service.mjs http://127.0.0.1:8080/digests
//
// KAFKA_TOPIC defaults to runledger-events. `--today 2030-01-31` after the address pretends that it is that day, to see a digest at
// once. A digest carries an Idempotency-Key: it is sent again when the answer was lost, and is the same then.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createPostgresEventStore } from '@runledger/event-store';
import { kafkaClient, kafkaDistribution } from '@runledger/messaging/kafka';
import pg from 'pg';
import { DigestBook, TYPES } from './digest-book.mjs';

const LOOK_EVERY_MS = 1_000;
/** Clocks of several machines differ a little: a day is over when the last of them says so. */
const GRACE_MS = 60_000;
const POST_WITHIN_MS = 10_000;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { today: { type: 'string' } } });
const { DATABASE_URL, KAFKA_BROKERS, KAFKA_TOPIC = 'runledger-events' } = process.env;
const [address] = positionals;
if (!address || !DATABASE_URL || !KAFKA_BROKERS) {
  console.error('Say where digests go, and set DATABASE_URL and KAFKA_BROKERS; the head of this file shows how.');
  process.exit(2);
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 3 });
const book = new DigestBook(pool);
// Events come over the topic; the store is asked for what is older than the topic keeps, and for whatever it lacks.
const store = createPostgresEventStore({ connectionString: DATABASE_URL });
const kafka = kafkaClient({ brokers: KAFKA_BROKERS.split(','), clientId: 'daily-digest' });
const distribution = kafkaDistribution({ kafka, store }, { topic: KAFKA_TOPIC });

let caughtUp = false;
try {
  const position = await book.open();
  console.log(`Counting from position ${position}.`);
  await Promise.all([follow(position), postDigests()]);
} catch (problem) {
  console.error(problem.message);
  process.exitCode = 1;
} finally {
  await distribution.close();
  await store.close();
  await pool.end();
}

async function follow(position) {
  try {
    for await (const delivery of distribution.subscribe({ after: position, types: TYPES, signal: ending.signal })) {
      const fresh = delivery.events.filter(event => event.position > position);
      if (delivery.scannedTo > position) await book.take(fresh, position, delivery.scannedTo);
      position = delivery.scannedTo;
      caughtUp ||= delivery.caughtUp;
    }
  } finally {
    ending.abort();
  }
}

/** Not before everything that happened so far is counted. */
async function postDigests() {
  while (!ending.signal.aborted) {
    const today = values.today ?? new Date(Date.now() - GRACE_MS).toISOString().slice(0, 10);
    for (const digest of caughtUp ? await book.due(today) : []) {
      if (!(await accepted(digest))) break;
      await book.posted(digest);
      console.log(`Posted ${digest.day} of ${digest.workspace}.`);
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}

async function accepted(digest) {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `digest/${digest.workspace}/${digest.day}` },
      body: JSON.stringify(digest),
      signal: AbortSignal.timeout(POST_WITHIN_MS),
    });
    if (!response.ok) console.error(`${address} answered ${response.status}; the digest is sent again.`);
    return response.ok;
  } catch (problem) {
    console.error(
      `${address} cannot be reached (${problem.cause?.code ?? problem.message}); the digest is sent again.`,
    );
    return false;
  }
}
