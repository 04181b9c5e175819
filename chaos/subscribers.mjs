import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const FOLLOW = /* GraphQL */ `
  subscription ($runId: ID!, $after: Position) {
    runEvents(runId: $runId, after: $after) {
      __typename
      ... on RunEvent {
        cursor
        event {
          id
          type
        }
      }
    }
  }
`;
const PING_EVERY_MS = 2_000;
const AGAIN_AFTER_MS = 500;
const LAST = ['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'];

/** Clients that each follow runs over GraphQL subscriptions, go on behind their last cursor when cut off, and note what they saw. */
export class Subscribers {
  /** Run id → ids of events, in the order in which they came. */
  seen = new Map();
  resumed = 0;
  #following = [];
  #ending = new AbortController();

  constructor(api) {
    this.api = api;
  }

  follow(runId) {
    this.#following.push(this.#untilEnd(runId));
  }

  /** Resolves when each has seen the end of its run, or after `withinMs`. */
  async done(withinMs) {
    const all = Promise.allSettled(this.#following);
    await Promise.race([all, delay(withinMs, undefined, { ref: false })]);
    this.#ending.abort();
    await all;
  }

  async #untilEnd(runId) {
    const seen = [];
    this.seen.set(runId, seen);
    for (let after = null; !this.#ending.signal.aborted; this.resumed += 1) {
      const state = { after, ended: false };
      await this.#once(runId, seen, state).catch(() => undefined); // cut off: that is what they are here for
      if (state.ended) return;
      after = state.after;
      await delay(AGAIN_AFTER_MS);
    }
  }

  async #once(runId, seen, state) {
    let silence;
    const client = createClient({
      url: `${this.api.url().replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.api.token}` },
      retryAttempts: 0,
      keepAlive: PING_EVERY_MS,
      // A gateway that was stopped keeps its sockets open and says nothing.
      on: {
        ping: received => received || (silence = setTimeout(() => client.terminate(), PING_EVERY_MS)),
        pong: received => received && clearTimeout(silence),
      },
    });
    const close = () => client.terminate();
    this.#ending.signal.addEventListener('abort', close);
    try {
      for await (const { data, errors } of client.iterate({
        query: FOLLOW,
        variables: { runId, after: state.after },
      })) {
        if (errors) return;
        const { cursor, event } = data.runEvents;
        if (!event) continue;
        state.after = cursor;
        seen.push(event.id);
        state.ended ||= LAST.includes(event.type);
        if (state.ended) return;
      }
    } finally {
      clearTimeout(silence);
      this.#ending.signal.removeEventListener('abort', close);
      await client.dispose();
    }
  }
}
