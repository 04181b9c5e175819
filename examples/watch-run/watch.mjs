// Follows a run until it ends, and goes on by itself when the connection or the platform goes away for a while:
//
//   node examples/watch-run/watch.mjs <run id> [cursor]
//
// With a cursor it begins behind that event. Needs RUNLEDGER_TOKEN; RUNLEDGER_URL defaults to http://127.0.0.1:4000.
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const RUN_EVENTS = /* GraphQL */ `
  subscription ($runId: ID!, $after: Position) {
    runEvents(runId: $runId, after: $after) {
      __typename
      ... on RunEvent {
        cursor
        event {
          type
          occurredAt
          actor {
            id
          }
          data
        }
      }
      ... on Lagged {
        resumeFrom
      }
      ... on CursorExpired {
        message
      }
    }
  }
`;
const ENDINGS = ['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'];
/** The token was not taken: asking again would not help. */
const FATAL = [4401, 4403, 4430];

const { RUNLEDGER_URL = 'http://127.0.0.1:4000', RUNLEDGER_TOKEN } = process.env;
const [runId, from] = process.argv.slice(2);
let after = from ?? null;

try {
  while (!(await followed())) await delay(1_000);
} catch (problem) {
  console.error(problem.message);
  process.exitCode = 1;
}

/** True once the run has ended; false when the connection was lost on the way. */
async function followed() {
  const client = createClient({
    url: `${RUNLEDGER_URL.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${RUNLEDGER_TOKEN}` },
    retryAttempts: 0, // the library would ask for the first events again; we ask for what follows the last one seen
  });
  try {
    for await (const { data, errors } of client.iterate({ query: RUN_EVENTS, variables: { runId, after } })) {
      if (errors) throw new Error(errors.map(error => error.message).join('; '));
      const { __typename: kind, cursor, event, resumeFrom, message } = data.runEvents;
      if (kind === 'CursorExpired') throw new Error(message);
      after = cursor ?? resumeFrom;
      if (kind === 'Lagged') return false; // this program was too slow: nothing is lost, it goes on from there
      console.log(cursor, event.occurredAt, event.type, event.data.step ?? '-', event.actor.id);
      if (ENDINGS.includes(event.type)) return true;
    }
  } catch (problem) {
    if (FATAL.includes(problem.code)) throw new Error(`${problem.reason}: is RUNLEDGER_TOKEN right?`);
    if (Array.isArray(problem)) throw new Error(problem.map(error => error.message).join('; '));
    if (problem instanceof Error && problem.code !== 'ECONNREFUSED') throw problem;
    console.error(`The connection is lost. Going on behind ${after ?? 'the beginning'} …`);
  } finally {
    await client.dispose();
  }
  return false;
}
