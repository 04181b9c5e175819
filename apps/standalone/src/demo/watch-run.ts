import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ApiError } from './graphql-client.js';

/** One event of the run as the subscription `runEvents` delivers it. */
export interface WatchedEvent {
  /** Its place in the log. */
  readonly cursor: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const RUN_EVENTS = /* GraphQL */ `
  subscription ($runId: ID!) {
    runEvents(runId: $runId) {
      ... on RunEvent {
        cursor
        event {
          type
          occurredAt
          data
        }
      }
    }
  }
`;

const ENDINGS: ReadonlySet<string> = new Set(['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled']);

/** Every event of a run from its first on, as it happens; ends when the run has ended and everything that it used is charged. */
export async function* watchRun(url: string, token: string, runId: string): AsyncGenerator<WatchedEvent> {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 3,
  });
  let hasEnded = false;
  let uncharged = 0;
  try {
    const items = client.iterate<{ runEvents: { cursor: string; event: Omit<WatchedEvent, 'cursor'> } }>({
      query: RUN_EVENTS,
      variables: { runId },
    });
    for await (const { data, errors } of items) {
      if (errors?.length || !data) throw new ApiError((errors ?? []).map(error => error.message).join('; '));
      const { cursor, event } = data.runEvents;
      yield { cursor, ...event };
      hasEnded ||= ENDINGS.has(event.type);
      if (event.type === 'UsageRecorded') uncharged += 1;
      if (event.type === 'ChargeRecorded') uncharged -= 1;
      if (hasEnded && uncharged === 0) return;
    }
  } finally {
    await client.dispose();
  }
}
