import { EventStoreDBClient } from '@eventstore/db-client';
import { eventually } from '@runledger/testing';
import { anEvent, events, follow, freshStream, idsOf } from '../contract/contract-world.js';
import { START } from '../port.js';
import type { EventFilter, EventStore, RecordedEvent, SubscriptionBatch } from '../port.js';
import { toWireName } from './stream-names.js';
import { openOnDouble } from './store-under-test.fixture.js';
import type { DoubleUnderTest } from './store-under-test.fixture.js';

let under: DoubleUnderTest;
const all: DoubleUnderTest[] = [];
const problems: Error[] = [];

beforeAll(async () => {
  under = await openOnDouble({ silenceMs: 400, lookAgainMs: 500, onProblem: error => problems.push(error) });
  all.push(under);
});
beforeEach(() => problems.splice(0));
afterAll(async () => {
  await Promise.all(all.map(one => one.close()));
});

async function readToEnd(store: EventStore, filter: EventFilter): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = START; ;) {
    const slice = await store.readAll({ ...filter, after });
    events.push(...slice.events);
    if (slice.caughtUp) return events;
    after = slice.scannedTo;
  }
}

/** With a log of its own. */
async function openOther(): Promise<DoubleUnderTest> {
  const other = await openOnDouble({ lookAgainMs: 500 });
  all.push(other);
  return other;
}

/** Follows the whole log until the subscription ends by itself. */
async function followToItsEnd(store: EventStore, onBatch: (batch: SubscriptionBatch) => void): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for await (const batch of store.subscribe({ after: START, signal })) onBatch(batch);
}

/** Follows the stream through an interruption between the third and the fourth event, until it was so often told that it is at the head. */
async function followThrough(interrupt: () => Promise<unknown>, heads = 1) {
  const stream = freshStream();
  const after = await under.store.head();
  const [before, later] = [events(3), events(3)];
  let interrupted: Promise<unknown> | undefined;
  const told = await follow(under.store, { after, tenant: stream.tenant }, (all, batches) => {
    if (batches.length === 1) void under.store.append(stream, before, 'any');
    if (all.length === 3) interrupted ??= interrupt().then(() => under.store.append(stream, later, 'any'));
    return all.length >= 6 && batches.filter(({ reachedHead }) => reachedHead).length >= heads;
  });
  return { ...told, written: idsOf([...before, ...later]) };
}

/** Nothing else happens in this process meanwhile. */
function busyFor(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describe('a subscription to EventStoreDB', () => {
  it('goes on where it was when the server ends it, and says when it is at the head again', async () => {
    const { events: seen, written } = await followThrough(() => under.double.dropSubscriptions(), 2);
    expect(idsOf(seen)).toEqual(written);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('is one at the server for all that a process follows with', async () => {
    const own = await openOther();
    const streams = Array.from({ length: 5 }, () => freshStream());
    const following = streams.map(({ tenant }) => follow(own.store, { after: START, tenant }, all => all.length === 3));
    for (const stream of streams) await own.store.append(stream, events(2), 'any');
    for (const stream of streams) await own.store.append(stream, events(1), 'any');
    const seen = await Promise.all(following);
    expect(seen.map(({ events: all }) => all.map(({ revision }) => revision))).toEqual(streams.map(() => [0, 1, 2]));
    const calls = await own.double.calls();
    expect(calls.filter(({ method }) => method === 'subscribe')).toHaveLength(1);
  });

  it('goes on where it was after the server was away for a while', async () => {
    const { events: seen, written } = await followThrough(() => under.double.restart({ downMs: 600 }));
    expect(idsOf(seen)).toEqual(written);
  });

  it('gives nothing twice when the server delivers again after it was resumed', async () => {
    const { events: seen, written } = await followThrough(async () => {
      await under.double.inject({ on: 'subscribe', kind: 'redeliver', events: 5 });
      await under.double.dropSubscriptions();
    });
    expect(idsOf(seen)).toEqual(written);
    const resumed = (await under.double.calls()).filter(({ method }) => method === 'subscribe');
    expect(resumed.at(-1)?.from).toBeDefined();
  });

  it.each([
    ['refuses it at first', { on: 'subscribe', kind: 'fail', status: 'UNAVAILABLE' }],
    ['is not the leader', { on: 'subscribe', kind: 'not-leader' }],
    ['takes it late', { on: 'subscribe', kind: 'delay', ms: 300, done: 'after' }],
    ['forgets it', { on: 'subscribe', kind: 'silence' }],
  ] as const)('misses nothing when the server %s', async (_, fault) => {
    const { events: seen, written } = await followThrough(async () => {
      await under.double.inject(fault);
      await under.double.dropSubscriptions();
    });
    expect(idsOf(seen)).toEqual(written);
  });

  it('stops with a fault when the server refuses it for good', async () => {
    const own = await openOther(); // no other subscription, which has just been left, is refused in its place
    await own.double.inject({ on: 'subscribe', kind: 'access-denied' });
    const following = followToItsEnd(own.store, () => undefined);
    await expect(following).rejects.toMatchObject({ code: 'STORE_FAULT' });
  });

  it('stops when the log was replaced by an older copy', async () => {
    const own = await openOther();
    const stream = freshStream();
    await own.store.append(stream, events(5), 'any');
    let seen = 0;
    const following = followToItsEnd(own.store, batch => {
      if (seen === 0) void own.double.restart({ loseEvents: 3 });
      seen += batch.events.length;
    });
    await expect(following).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    expect(seen).toBe(5);
  });

  it('is told where the log ends now when it comes back: nothing of before is remembered in its place', async () => {
    const own = await openOther();
    await own.store.append(freshStream(), events(5), 'any');
    const { scannedTo: before } = await own.store.readAll({ after: START });
    await follow(own.store, { after: START }, all => all.length === 5);
    await own.double.restart({ loseEvents: 3 });
    const { events: kept } = await own.store.readAll({ after: START });
    const end = kept.at(-1)?.position ?? START;
    expect(kept).toHaveLength(2);
    expect(await own.store.head()).toBe(end);
    expect(own.store.reached ?? START).toBeLessThanOrEqual(end); // or whoever comes back from behind it would wait there (G1)
    await expect(own.store.readAll({ after: before })).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await own.store.append(freshStream(), events(1), 'any');
    const { events: next } = await own.store.readAll({ after: end });
    expect(next).toHaveLength(1);
  });

  it('ends when it is told to, also while the server does not answer', async () => {
    const other = await openOther();
    const store = other.openStore({ silenceMs: 60_000 });
    await other.double.inject({ on: 'read', kind: 'silence' });
    const ending = new AbortController();
    setTimeout(() => ending.abort(), 100);
    const began = performance.now();
    for await (const _batch of store.subscribe({ after: START, signal: ending.signal })) ending.abort();
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('ends when the store is closed', async () => {
    const store = under.openStore();
    let batches = 0;
    for await (const _batch of store.subscribe({ after: START, signal: new AbortController().signal })) {
      batches += 1;
      if (batches === 1) setTimeout(() => void store.close(), 50);
    }
    await store.close();
    expect(batches).toBeGreaterThan(0);
    await expect(store.head()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });
});

describe('a read of EventStoreDB', () => {
  it.each([
    ['fails in passing', { on: 'read', kind: 'fail', status: 'UNAVAILABLE' }],
    ['is never answered', { on: 'read', kind: 'silence' }],
    ['breaks off', { on: 'read', kind: 'lose-reply' }],
    ['reaches another node than the leader', { on: 'read', kind: 'not-leader' }],
  ] as const)('is repeated when it %s', async (_, fault) => {
    const stream = freshStream();
    await under.store.append(stream, events(2), 'no-stream');
    await under.double.inject(fault);
    expect((await under.store.readStream(stream)).events).toHaveLength(2);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('says that it was interrupted when the server stays silent, and may be repeated', async () => {
    const store = under.openStore({ silenceMs: 50, retryForMs: 60 });
    await under.double.inject(...Array.from({ length: 10 }, () => ({ on: 'read', kind: 'silence' }) as const));
    await expect(store.head()).rejects.toMatchObject({ code: 'READ_INTERRUPTED' });
    await under.double.restart();
    for (let left = 10; left > 0;) left = (await under.store.head().catch(() => START)) > START ? 0 : left - 1;
    expect(await under.store.head()).toBeGreaterThan(START);
  });

  it('is answered though this process was too busy to take the answer in time', async () => {
    const store = under.openStore({ silenceMs: 100 });
    const stream = freshStream();
    await store.append(stream, events(200), 'no-stream');
    const reading = store.readStream(stream);
    for (let turns = 0; turns < 3; turns += 1) await new Promise(resolve => setImmediate(resolve));
    busyFor(400);
    expect((await reading).events).toHaveLength(200);
    expect(problems).toEqual([]);
  });

  it('that was given up does not hold back the closing of the store', async () => {
    const store = under.openStore({ silenceMs: 40, retryForMs: 0 });
    const stream = freshStream();
    await under.store.append(stream, events(5), 'no-stream');
    await store.head();
    for (let n = 0; n < 20; n += 1) {
      await under.double.inject({ on: 'read', kind: 'delay', ms: 40, done: 'after' });
      const reading = store.readStream(stream).catch(() => undefined);
      await new Promise(resolve => setTimeout(resolve, 35));
      busyFor(60);
      await reading;
    }
    const closing = store.close().then(() => 'closed');
    expect(await Promise.race([closing, new Promise(resolve => setTimeout(resolve, 20_000, 'held back'))])).toBe(
      'closed',
    );
  });

  it('of a stream whose beginning the server forgets is a fault, not the rest of the story', async () => {
    const stream = freshStream();
    await under.store.append(stream, events(5), 'no-stream');
    const client = EventStoreDBClient.connectionString(under.double.connectionString);
    const credentials = { username: 'ada', password: 'none' };
    await client.setStreamMetadata(toWireName(stream), { maxCount: 2 }, { credentials });
    await client.dispose();
    await expect(under.store.readStream(stream)).rejects.toMatchObject({ code: 'STREAM_TRUNCATED' });
    expect((await under.store.readStream(stream, { from: 3 })).events).toHaveLength(2);
    expect(await under.store.append(stream, events(1), 4)).toMatchObject({ status: 'appended', revision: 5 });
  });

  it('that the server refuses for good is a fault at once', async () => {
    await under.double.inject({ on: 'read', kind: 'access-denied' });
    await expect(under.store.readAll({ after: START })).rejects.toMatchObject({ code: 'STORE_FAULT' });
  });

  it('ends with the store, also while it waits', async () => {
    const store = under.openStore({ silenceMs: 60_000 });
    await under.double.inject({ on: 'read', kind: 'silence' });
    const reading = store.head();
    setTimeout(() => void store.close(), 50);
    await expect(reading).rejects.toMatchObject({ code: 'READ_INTERRUPTED' });
  });

  it('finds one story without passing over the whole log again', async () => {
    const own = await openOther();
    const stories = ['run_first', 'run_second', 'run_last'];
    for (const correlationId of stories)
      for (let n = 0; n < 3; n += 1) await own.store.append(freshStream(), events(400, { correlationId }), 'any');
    const read = async (correlationId: string) => {
      const story = await readToEnd(own.store, { correlationId });
      return story.filter(event => event.metadata.correlationId === correlationId).length;
    };
    expect([await read('run_last'), await read('run_none')]).toEqual([1_200, 0]);
    await eventually(async () => {
      const passed = (await own.double.calls()).length;
      expect(await read('run_second')).toBe(1_200);
      const later = (await own.double.calls()).slice(passed).filter(({ stream }) => stream === '$all');
      expect(later.filter(({ from }) => from === undefined)).toEqual([]);
    }, 60_000);
    await own.store.append(freshStream(), events(1, { correlationId: 'run_first' }), 'any');
    expect(await read('run_first')).toBe(1_201);
  });

  it('brings no more of large events at once than fits into memory, and misses none (E2)', async () => {
    const own = await openOther();
    const written: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      const large = anEvent({ data: { text: 'x'.repeat(900_000) } });
      written.push(large.id);
      await own.store.append(freshStream(), [large], 'no-stream');
    }
    const { events: first, caughtUp } = await own.store.readAll({ after: START, limit: 100 });
    expect([first.length < 15, caughtUp]).toEqual([true, false]);
    expect(idsOf(await readToEnd(own.store, {}))).toEqual(written);
    const { events: followed } = await follow(own.store, { after: START, batchSize: 100 }, all => all.length === 30);
    expect(idsOf(followed)).toEqual(written);
  });

  it('finds what is too long ago to be in memory, and what comes to it', async () => {
    const own = await openOther();
    const write = (correlationId: string, count = 3) =>
      own.store.append(freshStream(), events(count, { correlationId }), 'any');
    await write('run_1');
    await write('run_2', 1_000);
    await write('run_1');
    for (let n = 0; n < 10; n += 1) await write('run_3', 1_000);
    const story = await readToEnd(own.store, { correlationId: 'run_1' });
    expect(story.map(({ revision }) => revision)).toEqual([0, 1, 2, 0, 1, 2]);
    await write('run_1');
    const more = await readToEnd(own.store, { correlationId: 'run_1' });
    expect(idsOf(more).slice(0, 6)).toEqual(idsOf(story));
    expect(more).toHaveLength(9);
  });

  it('finds a story in a log that has taken the place of another', async () => {
    const own = await openOther();
    const stream = freshStream();
    await own.store.append(stream, events(4, { correlationId: 'run_1' }), 'any');
    expect(await readToEnd(own.store, { correlationId: 'run_1' })).toHaveLength(4);
    await own.double.restart({ loseEvents: 2 });
    await expect(own.store.readAll({ after: START, correlationId: 'run_1' })).rejects.toMatchObject({
      code: 'LOG_BEHIND',
    });
    expect(await readToEnd(own.store, { correlationId: 'run_1' })).toHaveLength(2);
  });

  it('finds the head before what the server wrote for itself, and consumers reach it', async () => {
    const own = await openOther();
    expect(await own.store.head()).toBe(START);
    const [kept, hidden] = [freshStream(), freshStream()];
    const last = await own.store.append(kept, [anEvent()], 'any');
    for (let n = 0; n < 20; n += 1) await own.store.tombstoneStream({ ...hidden, name: `${hidden.name}${n}` }, 'any');
    const head = await own.store.head();
    expect(last).toMatchObject({ position: head });
    expect(await own.store.readAll({ after: START })).toMatchObject({ scannedTo: head, caughtUp: true });
  });
});

describe('a connection to EventStoreDB', () => {
  it('finds the leader of a cluster by gossip', async () => {
    const { port } = under.double;
    const store = under.openStore({ connectionString: `esdb://127.0.0.1:${port},127.0.0.1:${port}?tls=false` });
    const stream = freshStream();
    expect(await store.append(stream, events(1), 'no-stream')).toMatchObject({ status: 'appended' });
  });

  it('survives that no node of a cluster is there', async () => {
    const store = under.openStore({
      connectionString: 'esdb://127.0.0.1:9,127.0.0.1:9?tls=false&maxDiscoverAttempts=1',
      retryForMs: 100,
    });
    await expect(store.head()).rejects.toMatchObject({ code: 'READ_INTERRUPTED' });
  });

  it.each([
    ['is none', 'postgres://u:secret@localhost/db'],
    ['names no user, with TLS', 'esdb://localhost:2113'],
    ['has a broken password', 'esdb://admin:sec%ret@localhost:2113'],
    ['has a broken port', 'esdb://admin:secret@localhost:port'],
  ])('is refused for a string that %s, without repeating it', async (_, connectionString) => {
    const attempt = async () => under.openStore({ connectionString }).head();
    const error: unknown = await attempt().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'INVALID_CONNECTION_STRING' });
    expect(String((error as Error).message)).not.toContain('sec');
  });
});
