import { eventually } from '@runledger/testing';
import type { DoubleCall } from '@runledger/testing';
import { anEvent, events, freshStream, idsOf } from '../contract/contract-world.js';
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

  it('never takes the batch call, though the server offers it', async () => {
    await under.store.append(freshStream(), events(5), 'any');
    expect((await under.double.calls()).filter(({ method }) => method === 'batch-append')).toEqual([]);
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
