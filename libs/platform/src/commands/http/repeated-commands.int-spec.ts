import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { defineEvent } from '@runledger/kernel';
import type { Decider, Rejection } from '@runledger/kernel';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { z } from 'zod';
import { CommandRegistry } from '../command-registry.js';
import { context, Greet } from '../describe-commands.fixture.js';
import { clientOf, startService } from './service-world.fixture.js';

const Greeted = defineEvent({ type: 'Greeted', version: 1, schema: z.strictObject({ name: z.string() }) });

/** Greets as often as it is asked: only the command's id keeps a repeat from counting. */
const greeting: Decider<string, number, ReturnType<typeof Greeted>, Rejection<never>> = {
  category: 'greeting',
  events: [Greeted],
  initialState: () => 0,
  evolve: times => times + 1,
  decide: name => [Greeted({ name })],
};

describe('a command whose answer is lost after the work was done', () => {
  let database: TestDatabase;
  let pool: Pool;
  let store: EventStore;
  const ending: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    database = await logDatabase();
    pool = new Pool({ connectionString: database.url });
    store = createPostgresEventStore({ connectionString: database.url });
  });
  afterEach(() => Promise.all(ending.splice(0).map(end => end())));
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  /** A replica with a memory of its own. */
  async function replica(): Promise<string> {
    const registry = new CommandRegistry();
    const handler = new CommandHandler(store);
    registry.answer(Greet, async ({ name }, about) => {
      const outcome = await handler.handle(greeting, `greeting-${name}`, name, about);
      if (outcome.status === 'refused') throw new TypeError('It refuses nothing.');
      return { status: 'accepted', output: { text: `time ${outcome.state}` }, position: outcome.position };
    });
    const { server, url } = await startService(registry);
    ending.push(() => server.close());
    return url;
  }

  /** A network that brings everything to the service and loses the first answers. */
  async function lossyWayTo(url: string, losses: number): Promise<{ readonly url: string; lost: () => number }> {
    let lost = 0;
    const server = createServer((incoming, outgoing) => {
      void (async () => {
        const headers = Object.fromEntries(
          Object.entries(incoming.headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)),
        ) as Record<string, string>;
        const body = await buffer(incoming);
        const answer = await fetch(url + incoming.url, { method: 'POST', headers, body });
        const text = await answer.text();
        if (lost < losses) {
          lost += 1;
          incoming.socket.destroy();
        } else outgoing.writeHead(answer.status).end(text);
      })();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    ending.push(() => new Promise(resolve => server.close(resolve) && server.closeAllConnections()));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost: () => lost };
  }

  const greetings = async (name: string) =>
    (await store.readStream({ tenant: context.workspaceId, name: `greeting-${name}` })).events;

  it('is answered by another replica as it would have been, and counts once', async () => {
    const way = await lossyWayTo(await replica(), 1);
    const client = clientOf([way.url, await replica()]);
    const outcome = await client.send(Greet, { name: 'eve' }, { ...context, commandId: newUuid() });
    const stored = await greetings('eve');
    expect(way.lost()).toBe(1);
    expect(stored.length).toBe(1);
    expect(outcome).toEqual({ status: 'accepted', output: { text: 'time 1' }, position: stored[0]?.position });
  });

  it('may be lost again and again, and still counts once', async () => {
    const way = await lossyWayTo(await replica(), 3);
    const client = clientOf([way.url], { patienceMs: 10_000 });
    const outcome = await client.send(Greet, { name: 'bob' }, { ...context, commandId: newUuid() });
    expect(way.lost()).toBe(3);
    expect(outcome).toMatchObject({ status: 'accepted', output: { text: 'time 1' } });
    expect(await greetings('bob')).toHaveLength(1);
  });
});
