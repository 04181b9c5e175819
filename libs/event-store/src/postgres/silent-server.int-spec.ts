import { eventually, testWire } from '@runledger/testing';
import type { TestWire } from '@runledger/testing';
import pg from 'pg';
import { anEvent, follow, freshStream } from '../contract/contract-world.js';
import type { EventStore } from '../port.js';
import { ChannelSignal } from './channel-signal.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';
import { WatchedClient } from './watched-client.js';

/** Of three looks, a second apart, the first may come at once; then the server is asked. */
const SECONDS_MS = 8_000;

let under: PostgresUnderTest;
const wires: TestWire[] = [];
beforeAll(async () => {
  under = await openPostgres();
});
afterAll(async () => {
  await Promise.all(wires.map(wire => wire.close()));
  await under.close();
});

async function aWire(): Promise<TestWire> {
  const wire = await testWire(under.url);
  wires.push(wire);
  return wire;
}

async function storeBehind(wire: TestWire): Promise<EventStore> {
  const store = under.openStore({ connectionString: wire.url });
  await Promise.all([1, 2, 3].map(() => store.readAll({ after: 0n, limit: 1 })));
  return store;
}

async function aClient(connectionString: string) {
  const client = new WatchedClient({ connectionString });
  const problems: Error[] = [];
  client.on('error', error => problems.push(error));
  await client.connect();
  return { client, problems };
}

/** Side by side: each has to wait for seconds. */
describe('connections to a PostgreSQL that is gone without a word', () => {
  it.concurrent('are given up in seconds: the one event that comes then is seen', async () => {
    const wire = await aWire();
    const store = await storeBehind(wire);
    const stream = freshStream();
    const after = await store.head();
    let silentSince = Infinity;
    const { events: seen } = await follow(store, { after, tenant: stream.tenant }, (all, batches) => {
      if (batches.length === 1) {
        silentSince = performance.now();
        wire.fallSilent();
        void under.store.append(stream, [anEvent()], 'any');
      }
      return all.length === 1;
    });
    expect(seen).toHaveLength(1);
    expect(performance.now() - silentSince).toBeLessThan(SECONDS_MS);
  });

  it.concurrent('are given up by who appends: sent again, it is stored once', async () => {
    const wire = await aWire();
    const store = await storeBehind(wire);
    const [stream, event] = [freshStream(), anEvent()];
    wire.fallSilent();
    await expect(store.append(stream, [event], 'no-stream')).rejects.toMatchObject({ code: 'APPEND_UNCERTAIN' });
    expect(await store.append(stream, [event], 'no-stream')).toMatchObject({ status: 'appended', revision: 0 });
  });

  it.concurrent(
    'are given up when nobody answers on others either, and the server is found again when it is back',
    async () => {
      const wire = await aWire();
      const { client, problems } = await aClient(wire.url);
      wire.cut();
      await expect(client.query('select 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      expect(problems).toHaveLength(1);
      wire.heal();
      const { client: next } = await aClient(wire.url);
      expect((await next.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await next.end();
    },
  );

  it.concurrent('are not trusted beside one that was silent, although nothing is asked there', async () => {
    const wire = await aWire();
    const [idle, asking] = [await aClient(wire.url), await aClient(wire.url)];
    const elsewhere = await aClient(under.url);
    wire.fallSilent();
    await expect(asking.client.query('select 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await eventually(() => idle.problems.length === 1);
    expect((await elsewhere.client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await elsewhere.client.end();
  });

  it.concurrent('are told from those on which a statement takes its time', async () => {
    const wire = await aWire();
    const { client, problems } = await aClient(wire.url);
    const { rows } = await client.query('select 1 as one, pg_sleep(7)');
    expect([rows[0], problems]).toMatchObject([{ one: 1 }, []]);
    await client.end();
  });

  it.concurrent('are made again by who only listens for news', async () => {
    const wire = await aWire();
    const [news, told] = [[0, 0], [] as Error[]];
    const signalOf = (index: 0 | 1, connectionString: string) =>
      new ChannelSignal({ connectionString }, 'silent_news', {
        onNews: () => void (news[index] = (news[index] ?? 0) + 1),
        onProblem: error => told.push(error),
      });
    const [listener, writer] = [signalOf(0, wire.url), signalOf(1, under.url)];
    listener.listen();
    writer.listen();
    await eventually(() => (news[0] ?? 0) > 0 && (news[1] ?? 0) > 0);
    wire.fallSilent();
    listener.announce(); // whoever has something to say finds out
    await eventually(() => told.some(error => error.message.includes('has said nothing')));
    const before = news[0] ?? 0;
    await eventually(() => {
      writer.announce();
      return (news[0] ?? 0) > before + 1;
    });
    await Promise.all([listener.close(), writer.close()]);
  });
});

describe('a pool of such connections', () => {
  it('logs in with a password that it hides', async () => {
    const { hostname, port, username, password, pathname, searchParams } = new URL(under.url);
    const host = searchParams.get('host') ?? hostname;
    const pool = new pg.Pool({
      ...{ host, port: Number(port), user: username, password: decodeURIComponent(password) },
      ...{ database: pathname.slice(1), Client: WatchedClient },
    });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });
});
