// A service on the events, in a process of its own: it counts what each workspace did on each day (UTC), and posts the digest of a day
// that is over as JSON to DIGESTS_TO:
//
//   DIGESTS_TO=http://127.0.0.1:8080/digests npx node examples/daily-digest/service.mjs
//
// Beside `npm start` that is all; DATABASE_URL names the database of any other platform. With DISTRIBUTION=kafka and KAFKA_BROKERS
// events come over Kafka. `--today 2030-01-31` pretends that it is that day, to see a digest at once. A digest carries an
// Idempotency-Key: it is sent again when the answer was lost, and is the same then.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runService } from '@runledger/sdk';
import { dailyDigest } from './digests.mjs';

const LOOK_EVERY_MS = 1_000;
/** Clocks of several machines differ a little: a day is over when the last of them says so. */
const GRACE_MS = 60_000;
const POST_WITHIN_MS = 10_000;

const { values } = parseArgs({ strict: false, options: { today: { type: 'string' } } });
const address = process.env.DIGESTS_TO;

await runService(dailyDigest, { work: postDigests });

async function postDigests(service, signal) {
  if (!address) throw new Error('Set DIGESTS_TO to the address that digests are posted to.');
  await service.caughtUp(); // not before everything that happened so far is counted
  while (!signal.aborted) {
    while (!signal.aborted && (await postOne(service)));
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The oldest that is due and that no other copy is posting. What leaves the database is not part of a transaction: hence the key. */
async function postOne({ database }) {
  const client = await database.connect();
  try {
    await client.query('begin');
    const today = values.today ?? new Date(Date.now() - GRACE_MS).toISOString().slice(0, 10);
    const { rows } = await client.query(
      `select workspace, to_char(day, 'YYYY-MM-DD') as day, started, completed, failed, rejected, cancelled,
              spent_micro_units::float8 / 1e6 as spent, unpriced
         from day where day < $1 and posted_at is null order by day, workspace limit 1 for update skip locked`,
      [today],
    );
    const [digest] = rows;
    if (!digest || !(await accepted(digest))) return false;
    const posted = 'update day set posted_at = now() where workspace = $1 and day = $2';
    await client.query(posted, [digest.workspace, digest.day]);
    await client.query('commit');
    console.log(`Posted ${digest.day} of ${digest.workspace}.`);
    return true;
  } finally {
    await client.query('rollback'); // after the commit it does nothing
    client.release();
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
