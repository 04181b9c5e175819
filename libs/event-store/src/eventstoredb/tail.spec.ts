import { PassThrough } from 'node:stream';
import type { Connection } from './connection.js';
import type { LogReader } from './log-reader.js';
import { Echoes } from './echoes.js';
import { Tail } from './tail.js';

/** The server as the tail sees it: an empty log that pushes what is told. */
function serverOf() {
  const pushed = Object.assign(new PassThrough({ objectMode: true }), { unsubscribe: () => Promise.resolve() });
  const client = { subscribeToAll: () => pushed };
  const connection = { callOptions: {}, client: () => Promise.resolve(client) } as unknown as Connection;
  const reader = {
    head: () => Promise.resolve(0n),
    page: (after: bigint) => Promise.resolve({ events: [], scannedTo: after, atHead: true }),
  } as unknown as LogReader;
  let position = 0n;
  const push = async (correlationId: string) => {
    position += 1n;
    pushed.write(resolved(position, correlationId));
    while (tail.to < position) await turn();
  };
  const closing = new AbortController();
  const sources = { connection, reader, echoes: new Echoes(), onProblem: () => undefined, lookAgainMs: 10_000 };
  const tail = new Tail(sources, closing.signal);
  return { tail, push };
}

const turn = () => new Promise(resolve => setImmediate(resolve));

/** As the client hands an event over. */
function resolved(position: bigint, correlationId: string) {
  const actor = { kind: 'system', id: 'spec' };
  const story = { correlationId, causationId: 'c', actor, workspaceId: 'ws_1' };
  const event = {
    ...{ id: '018f0000-0000-7000-8000-000000000000', type: 'Happened', streamId: 'thing-1@ws_1' },
    ...{ revision: position, position: { commit: position, prepare: position }, created: new Date(0) },
    ...{ isJson: true, data: {}, metadata: { ...story, occurredAt: '2026-11-21T10:00:00.000Z', schemaVersion: 1 } },
  };
  return { event };
}

describe('the end of a log that a server pushes', () => {
  it('leaves a thousand followers of other stories asleep, and wakes the one whose event has come', async () => {
    const { tail, push } = serverOf();
    let looks = 0;
    const matches = (correlationId: string) => (event: { metadata: { correlationId: string } }) => {
      looks += 1;
      return event.metadata.correlationId === correlationId;
    };
    const followers = Array.from({ length: 1_000 }, (_, n) =>
      tail.follow({ matches: matches(`run_${n}`), after: 0n, correlationId: `run_${n}`, progress: false }),
    );
    while (tail.read(0n, 1, () => true)?.atHead !== true) await turn();
    let woken = 0;
    for (const follower of followers) void follower.next(tail.version, false).then(() => (woken += 1));
    for (let n = 0; n < 50; n += 1) await push('run_of_nobody');
    await turn();
    expect([woken, looks]).toEqual([0, 0]);
    await push('run_7');
    await turn();
    expect([woken, looks]).toEqual([1, 1]);
    expect(followers.map(({ position }) => position)).toEqual(followers.map((_, n) => (n === 7 ? 50n : 51n)));
    followers.forEach(follower => tail.unfollow(follower));
  });

  it('goes on for those who stay when one of them leaves (T3)', async () => {
    const { tail, push } = serverOf();
    const all = () => true;
    const [leaving, staying] = [tail.follow({ matches: all, after: 0n }), tail.follow({ matches: all, after: 0n })];
    while (tail.read(0n, 1, all)?.atHead !== true) await turn();
    await push('run_1');
    tail.unfollow(leaving);
    await push('run_2');
    const page = tail.read(staying.position, 10, all);
    expect(page?.events.map(({ metadata }) => metadata.correlationId)).toEqual(['run_1', 'run_2']);
    tail.unfollow(staying);
    expect([tail.end, tail.read(0n, 10, all)]).toEqual([undefined, undefined]);
  });
});
