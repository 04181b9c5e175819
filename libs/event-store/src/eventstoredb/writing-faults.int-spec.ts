import { eventually } from '@runledger/testing';
import type { DoubleCall } from '@runledger/testing';
import { anEvent, events, freshStream, idsOf } from '../contract/contract-world.js';
import type { EventStore } from '../port.js';
import { toWireName } from './stream-names.js';
import { openOnDouble } from './store-under-test.fixture.js';
import type { DoubleUnderTest } from './store-under-test.fixture.js';

/** An answer that is not late comes in a few milliseconds: what was sent is counted, so none may seem late that is not. */
const DEADLINE_MS = 1_500;

let under: DoubleUnderTest;
const problems: Error[] = [];

beforeAll(async () => {
  // A server that has just been started remembers no ids: only what was read can tell a repeat.
  const options = {
    deadlineMs: DEADLINE_MS,
    silenceMs: DEADLINE_MS,
    retryForMs: 20_000,
    onProblem: (error: Error) => problems.push(error),
  };
  under = await openOnDouble(options, { remembersIds: false });
});
beforeEach(() => problems.splice(0));
afterAll(async () => {
  await under.close();
});

const callsOf = async (method: DoubleCall['method'], name: string) =>
  (await under.double.calls()).filter(call => call.method === method && call.stream === name);

describe('an append to EventStoreDB', () => {
  it.each(['no-stream', 'any'] as const)(
    'expecting %s is stored once when the connection broke before the answer came',
    async expected => {
      const stream = freshStream();
      const three = events(3);
      await under.double.inject({ on: 'append', kind: 'lose-reply' });
      const outcome = await under.store.append(stream, three, expected);
      expect(outcome).toMatchObject({ status: 'appended', revision: 2 });
      const slice = await under.store.readStream(stream);
      expect(idsOf(slice.events)).toEqual(idsOf(three));
      expect(outcome).toMatchObject({ position: slice.events[2]?.position });
      expect(problems.length).toBeGreaterThan(0);
    },
  );

  it.each([1, 'exists'] as const)(
    'to a stream in use, expecting %s, is stored once though others wrote since',
    async expected => {
      const stream = freshStream();
      await under.store.append(stream, events(2), 'no-stream');
      const two = events(2);
      await under.double.inject({ on: 'append', kind: 'delay', ms: 2 * DEADLINE_MS, done: 'before' });
      const writing = under.store.append(stream, two, expected);
      await eventually(async () => (await under.store.readStream(stream)).events.length === 4);
      const [late] = events(1);
      await under.store.append(stream, late ? [late] : [], 'any');
      expect(await writing).toMatchObject({ status: 'appended', revision: 3 });
      const { events: stored } = await under.store.readStream(stream);
      expect(idsOf(stored.slice(2))).toEqual([...idsOf(two), late?.id]);
    },
  );

  it('is sent again with the same ids and the same expected revision', async () => {
    const stream = freshStream();
    const two = events(2);
    await under.double.inject(
      { on: 'append', kind: 'fail', status: 'UNAVAILABLE' },
      { on: 'append', kind: 'fail', status: 'CANCELLED' },
      { on: 'append', kind: 'fail', status: 'INTERNAL' },
    );
    expect(await under.store.append(stream, two, 'no-stream')).toMatchObject({ status: 'appended', revision: 1 });
    const sent = await callsOf('append', toWireName(stream));
    const each = { stream: toWireName(stream), expected: 'no-stream', ids: idsOf(two), requiresLeader: true };
    expect(sent).toEqual(Array.from({ length: 4 }, () => ({ method: 'append', ...each })));
  });

  it('that was too late for its deadline is not stored twice', async () => {
    const stream = freshStream();
    const one = anEvent();
    await under.double.inject({ on: 'append', kind: 'delay', ms: 2 * DEADLINE_MS, done: 'before' });
    expect(await under.store.append(stream, [one], 'any')).toMatchObject({ status: 'appended', revision: 0 });
    expect(idsOf((await under.store.readStream(stream)).events)).toEqual([one.id]);
  });

  it('goes to the leader when another node is asked', async () => {
    const stream = freshStream();
    await under.double.inject({ on: 'append', kind: 'not-leader' });
    expect(await under.store.append(stream, events(1), 'no-stream')).toMatchObject({ status: 'appended' });
    expect(await callsOf('append', toWireName(stream))).toHaveLength(2);
  });

  it('says that nobody knows what became of it when the server stays away, and may then be repeated', async () => {
    const store = under.openStore({ retryForMs: 100, deadlineMs: 100 });
    const stream = freshStream();
    const two = events(2);
    await under.double.inject({ on: 'append', kind: 'lose-reply' });
    await under.double.inject(...Array.from({ length: 20 }, () => ({ on: 'append', kind: 'silence' }) as const));
    const attempt = store.append(stream, two, 'no-stream');
    await expect(attempt).rejects.toMatchObject({ code: 'APPEND_UNCERTAIN', name: 'AppendUncertainError' });
    await under.double.restart();
    for (let left = 20; left > 0;) {
      const outcome = await under.store.append(stream, two, 'no-stream').catch(() => undefined);
      left = outcome ? 0 : left - 1;
    }
    expect(await under.store.append(stream, two, 'no-stream')).toMatchObject({ status: 'duplicate', revision: 1 });
    expect((await under.store.readStream(stream)).events).toHaveLength(2);
  });

  it('that the server refuses for good is a fault at once', async () => {
    const stream = freshStream();
    await under.double.inject({ on: 'append', kind: 'access-denied' });
    await expect(under.store.append(stream, events(1), 'any')).rejects.toMatchObject({ code: 'STORE_FAULT' });
    expect(await callsOf('append', toWireName(stream))).toHaveLength(1);
    expect((await under.store.readStream(stream)).state).toBe('absent');
  });

  it('that was answered at once costs one look whether it was the first, and no search for what may be stored', async () => {
    const stream = freshStream();
    for (const expected of ['any', 'exists', 3] as const) await under.store.append(stream, events(2), expected);
    expect(await callsOf('read', toWireName(stream))).toHaveLength(3);
    expect(problems).toEqual([]);
  });

  it('never takes the batch call, though the server offers it', async () => {
    await under.store.append(freshStream(), events(5), 'any');
    expect((await under.double.calls()).filter(({ method }) => method === 'batch-append')).toEqual([]);
  });
});

describe('an append to EventStoreDB by a process that follows the log', () => {
  /** Two stores that are at the end of the log, each with a feed of its own, as long as `work` takes. */
  async function whileFollowing(work: (stores: readonly EventStore[]) => Promise<void>): Promise<void> {
    const stores = [under.openStore(), under.openStore()];
    const ending = new AbortController();
    const following = stores.map(async store => {
      const after = await store.head();
      for await (const _batch of store.subscribe({ after, signal: ending.signal }));
    });
    const subscribed = async () => (await under.double.calls()).filter(({ method }) => method === 'subscribe').length;
    const before = await subscribed();
    await eventually(async () => (await subscribed()) >= before + stores.length);
    try {
      await work(stores);
    } finally {
      ending.abort();
      await Promise.all(following);
    }
  }

  it('need not ask whether it was the one who wrote the events: they come back to it', async () => {
    await whileFollowing(async ([store]) => {
      const stream = freshStream();
      const count = 50;
      for (let n = 0; n < count; n += 1) {
        const outcome = await store?.append(stream, events(2), n === 0 ? 'no-stream' : 2 * n - 1);
        expect(outcome).toMatchObject({ status: 'appended', revision: 2 * n + 1 });
      }
      // One that comes late is asked for, so on a busy machine there may be some.
      expect((await callsOf('read', toWireName(stream))).length).toBeLessThan(count);
    });
  });

  it('is the one that wrote the events, of all copies of it that arrive together (E1)', async () => {
    await whileFollowing(async stores => {
      for (let round = 0; round < 20; round += 1) {
        const stream = freshStream();
        const two = events(2);
        const copies = Array.from({ length: 6 }, (_, n) =>
          (stores[n % 2] ?? under.store).append(stream, two, 'no-stream'),
        );
        const outcomes = await Promise.all(copies);
        expect(outcomes.filter(({ status }) => status === 'appended')).toHaveLength(1);
        expect(outcomes.filter(({ status }) => status === 'duplicate')).toHaveLength(5);
        expect(new Set(outcomes.map(outcome => ('position' in outcome ? outcome.position : -1n))).size).toBe(1);
      }
    });
  });

  it('is stored once, and known as its own, when the connection broke before the answer came', async () => {
    await whileFollowing(async ([store]) => {
      for (const expected of ['no-stream', 'any'] as const) {
        const stream = freshStream();
        const two = events(2);
        await under.double.inject({ on: 'append', kind: 'lose-reply' });
        expect(await store?.append(stream, two, expected)).toMatchObject({ status: 'appended', revision: 1 });
        expect(idsOf((await under.store.readStream(stream)).events)).toEqual(idsOf(two));
        if (expected === 'no-stream')
          expect(await store?.append(stream, two, expected)).toMatchObject({ status: 'duplicate' });
      }
    });
  });
});

describe('ending a stream in EventStoreDB', () => {
  it.each(['delete', 'tombstone'] as const)('is done once when the answer to a %s got lost', async method => {
    const stream = freshStream();
    await under.store.append(stream, events(2), 'no-stream');
    await under.double.inject({ on: method, kind: 'lose-reply' });
    const end = method === 'delete' ? 'deleteStream' : 'tombstoneStream';
    expect(await under.store[end](stream, 1)).toMatchObject({ status: 'appended' });
    const { state } = await under.store.readStream(stream);
    expect(state).toBe(method === 'delete' ? 'absent' : 'tombstoned');
  });

  it.each([
    ['no-stream', 'appended'],
    ['any', 'appended'],
    [1, 'appended'],
    [0, 'conflict'],
    ['exists', 'conflict'],
  ] as const)('for ever, after it was hidden, expecting %s, ends as %s', async (expected, status) => {
    const stream = freshStream();
    await under.store.append(stream, events(2), 'no-stream');
    await under.store.deleteStream(stream, 'exists');
    expect(await under.store.tombstoneStream(stream, expected)).toMatchObject({ status });
    const { state } = await under.store.readStream(stream);
    expect(state).toBe(status === 'appended' ? 'tombstoned' : 'absent');
  });
});
