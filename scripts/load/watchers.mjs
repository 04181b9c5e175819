import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const RUN_EVENTS = `subscription ($runId: ID!) { item: runEvents(runId: $runId) { ... on RunEvent { event { id position type occurredAt } } } }`;
const LAST_WORDS_MS = 20_000;

/** Clients that follow runs over sockets, and note what they saw and when. */
export class Watchers {
  #watching = [];
  #client;

  constructor(api) {
    this.#client = createClient({
      url: `${api.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${api.token}` },
    });
  }

  watch(runId) {
    const watched = { runId, events: [], lateMs: [], startedAt: Date.now() };
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
    void this.#client.dispose();
  }

  async #follow(watched) {
    for await (const { data, errors } of this.#client.iterate({
      query: RUN_EVENTS,
      variables: { runId: watched.runId },
    })) {
      if (errors?.length) throw new Error(JSON.stringify(errors));
      const { event } = data.item;
      watched.events.push(event);
      const happened = Date.parse(event.occurredAt);
      if (happened > watched.startedAt) watched.lateMs.push(Date.now() - happened);
    }
  }
}

/** A run is over when it has ended and everything that it used is charged. */
function isOver({ events, error }) {
  const count = type => events.filter(event => event.type === type).length;
  return error !== undefined || (count('RunCompleted') === 1 && count('ChargeRecorded') >= count('UsageRecorded'));
}
