import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const RUN_EVENTS = `subscription ($runId: ID!, $after: Position) { item: runEvents(runId: $runId, after: $after) { ... on RunEvent { event { id position type occurredAt } } ... on CursorExpired { message } } }`;
const LAST_WORDS_MS = 20_000;
const AGAIN_MS = 200;

/** Clients that follow runs over sockets, each over its own, and note what they saw and when. */
export class Watchers {
  #watching = [];
  #ending = new AbortController();

  constructor(api) {
    this.api = api;
  }

  watch(runId) {
    const watched = { runId, events: [], lateMs: [], askedAt: Date.now(), firstAt: undefined, drops: 0 };
    this.#watching.push(watched);
    void this.#follow(watched).catch(error => (watched.error = error));
  }

  /** Waits until every watched run and its charges were seen; answers what was seen of each. */
  async finish() {
    const until = Date.now() + LAST_WORDS_MS;
    while (this.#watching.some(watched => !isOver(watched)) && Date.now() < until) await delay(50);
    return this.#watching;
  }

  stop() {
    this.#ending.abort();
  }

  /** Goes on behind the last event that was seen whenever the connection breaks. */
  async #follow(watched) {
    const { signal } = this.#ending;
    while (!signal.aborted && !isOver(watched)) {
      const client = createClient({
        url: `${this.api.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${this.api.token}` },
        retryAttempts: 0,
      });
      const end = () => void client.dispose();
      signal.addEventListener('abort', end);
      try {
        await this.#receive(client, watched);
      } catch (error) {
        if (signal.aborted) return;
        if (!isBroken(error)) throw error;
        watched.drops += 1;
        await delay(AGAIN_MS);
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
    }
  }

  async #receive(client, watched) {
    const { runId, events } = watched;
    const variables = { runId, after: events.at(-1)?.position };
    for await (const { data, errors } of client.iterate({ query: RUN_EVENTS, variables })) {
      if (errors?.length) throw new Error(JSON.stringify(errors));
      const { event, message } = data.item;
      if (message) throw new Error(message);
      if (!event) return; // it lagged: it goes on behind the last event
      events.push(event);
      watched.firstAt ??= Date.now();
      const happened = Date.parse(event.occurredAt);
      if (happened > watched.firstAt) watched.lateMs.push(Date.now() - happened);
      if (isOver(watched)) return;
    }
  }
}

/** The connection broke, or could not be made: not an answer. */
function isBroken(error) {
  return typeof error?.code === 'number' || error?.type === 'error';
}

/** A run is over when it has ended and everything that it used is charged. */
function isOver({ events, error }) {
  const count = type => events.filter(event => event.type === type).length;
  return error !== undefined || (count('RunCompleted') === 1 && count('ChargeRecorded') >= count('UsageRecorded'));
}
