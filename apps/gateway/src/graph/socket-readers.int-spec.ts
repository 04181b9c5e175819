import { jest } from '@jest/globals';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { newUuid } from '@runledger/event-store';
import { RunEventsDocument, RunledgerClient } from '@runledger/client';
import { eventually } from '@runledger/testing';
import { getNamedType, isUnionType } from 'graphql';
import { WebSocket } from 'ws';
import { collect, socketClient } from '../gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { story, upToTheGate } from '../runs/run-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const EXPIRED = '... on CursorExpired { __typename oldest reason message }';
const EVENTS = `subscription ($after: Position) { runEvents(runId: "${RUN}", after: $after) {
  ... on RunEvent { cursor event { id } } ${EXPIRED} ... on Lagged { __typename resumeFrom } } }`;

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly data?: { readonly runEvents: Item }; readonly log?: string };
}
interface Item {
  readonly __typename?: string;
  readonly cursor?: string;
  readonly resumeFrom?: string;
  readonly reason?: string;
  readonly oldest?: string;
  readonly event?: { readonly id: string };
}

describe('readers of sockets', () => {
  let gateway: TestGateway;
  let ada: string;
  /** The platform's ends of the sockets that there are. */
  const served = new Set<Socket>();
  const mine: WebSocket[] = [];
  beforeAll(async () => {
    gateway = await testGateway({
      sockets: { initMs: 2_000, operations: 3, waitingBytes: 65_536, patienceMs: 300, recheckMs: 100 },
    });
    (gateway.app.getHttpServer() as Server).on('upgrade', (_request, socket: Socket) => {
      served.add(socket);
      socket.once('close', () => served.delete(socket));
    });
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-1', runId: RUN }, ...upToTheGate(RUN));
  });
  afterAll(() => gateway.close());
  afterEach(async () => {
    for (const socket of mine.splice(0)) socket.terminate();
    await eventually(() => expect(served.size).toBe(0));
  });

  /** What waits in memory for the reader who has most of it to read, in bytes. */
  const waiting = () => Math.max(0, ...[...served].map(socket => socket.writableLength));

  /** A socket whose messages are kept as they come. */
  const opened = async (init: object | null = { authorization: `Bearer ${ada}` }) => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    mine.push(socket);
    const messages: Message[] = [];
    const closed = new Promise<number>(resolve => void socket.once('close', resolve));
    socket.on('message', data => messages.push(JSON.parse((data as Buffer).toString()) as Message));
    await once(socket, 'open');
    const send = (message: object) => socket.send(JSON.stringify(message));
    if (init) {
      send({ type: 'connection_init', payload: init });
      await eventually(() => expect(messages[0]?.type).toBe('connection_ack'));
    }
    const follow = (query: string, variables: object = {}, id = '1') =>
      send({ type: 'subscribe', id, payload: { query, variables } });
    const items = () => messages.flatMap(({ payload }) => (payload?.data ? [payload.data.runEvents] : []));
    return { socket, messages, closed, send, follow, items };
  };

  it('are told that their cursor has expired by every subscription that there is, and why', async () => {
    const { schema } = gateway.app.get(GraphQLSchemaHost, { strict: false });
    const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
    expect(fields.map(({ name }) => name)).toContain('inboxChanged');
    for (const { name, type, args } of fields) {
      const union = getNamedType(type);
      const members = isUnionType(union) ? union.getTypes().map(member => member.name) : [];
      expect([name, members]).toEqual([name, expect.arrayContaining(['CursorExpired', 'Lagged'])]);
      const run = args.some(argument => argument.name === 'runId') ? `runId: "${RUN}", ` : '';
      const query = `subscription ($after: Position) { ${name}(${run}after: $after) { ${EXPIRED} } }`;
      for (const [after, reason] of [
        ['9223372036854775807', 'AHEAD_OF_LOG'],
        ['0000000000009999999', 'AHEAD_OF_LOG'],
        ['9999999999999999999', 'UNREADABLE'],
        ['-000000000000000001', 'UNREADABLE'],
        ['{"a":1}', 'UNREADABLE'],
        ['', 'UNREADABLE'],
      ]) {
        const client = socketClient(gateway.url, ada);
        const { items, errors } = await collect<Item>(client, query, { after }, () => false);
        await client.dispose();
        expect([name, errors, items.map(item => item.reason)]).toEqual([name, [], [reason]]);
        expect(items[0]?.oldest).toMatch(/^\d{19}$/);
      }
    }
  });

  it('lose a socket that carried nothing but the expired subscription (4410), and keep one that carries more', async () => {
    const alone = await opened();
    alone.follow(EVENTS, { after: 'x' });
    expect(await alone.closed).toBe(4410);
    expect(alone.messages.map(({ type }) => type)).toEqual(['connection_ack', 'next', 'complete']);
    const both = await opened();
    both.follow(EVENTS, {}, 'a');
    both.follow(EVENTS, { after: 'x' }, 'b');
    await eventually(() => expect(both.messages).toContainEqual({ type: 'complete', id: 'b' }));
    expect(both.socket.readyState).toBe(WebSocket.OPEN);
    both.socket.terminate();
  });

  it('learn of which log they are read from, and that cursors of another one are worth nothing', async () => {
    const first = await opened();
    const { log } = first.messages[0]?.payload ?? {};
    expect(log).toBe(await gateway.store.identity());
    first.socket.terminate();
    const init = { authorization: `Bearer ${ada}`, log: newUuid() };
    const moved = await opened(init);
    moved.follow(EVENTS, { after: '0000000000000000001' });
    expect(await moved.closed).toBe(4410);
    expect(moved.items()).toMatchObject([{ reason: 'ANOTHER_LOG' }]);
  });

  it('are thrown an expired cursor by the client package, with where reading begins', async () => {
    const client = new RunledgerClient({ url: gateway.url, token: ada });
    const items = client.subscribe(RunEventsDocument, { runId: RUN, after: '0000000000009999999' });
    const more = { reason: 'AHEAD_OF_LOG', oldest: expect.stringMatching(/^\d{19}$/) as string };
    await expect(items.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED', more });
  });

  it('who stop reading hold a bounded part of memory, are told that they lag, and go on without a gap', async () => {
    const runId = 'run_0198f3a0-0000-7000-8000-000000000002';
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-2', runId }, story(runId).started());
    const query = EVENTS.replace(RUN, runId).replace('event { id }', 'event { id data }');
    const slow = await opened();
    slow.follow(query);
    await eventually(() => expect(slow.items()).toHaveLength(1));
    slow.socket.pause();
    // More than the kernel keeps for both ends.
    for (let n = 0; n < 16; n += 1) await appendLarge(runId, n);
    await eventually(() => expect(waiting() > 65_536).toBe(true));
    expect(waiting()).toBeLessThan(65_536 + 2_000_000);
    await new Promise(resolve => setTimeout(resolve, 1_500)); // five times its patience
    slow.socket.resume();
    expect(await slow.closed).toBe(4411);
    const got = slow.items();
    expect(got.at(-1)).toEqual({ __typename: 'Lagged', resumeFrom: got.at(-2)?.cursor });
    expect(got.length).toBeLessThan(17);
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: runId, after: 0n });
    const seen = got.slice(0, -1);
    // On a busy machine it may lag again.
    while (seen.length < events.length) {
      const rest = await opened();
      rest.follow(query, { after: seen.at(-1)?.cursor });
      const all = eventually(() => expect(rest.items()).toHaveLength(events.length - seen.length));
      await Promise.race([all.catch(() => undefined), rest.closed]);
      seen.push(...rest.items().filter(item => item.event));
      rest.socket.terminate();
    }
    expect(seen.map(item => item.event?.id)).toEqual(events.map(({ id }) => id));
  });

  it('lose their socket when the token is revoked or expires, also while nothing happens (4430)', async () => {
    const issued = await gateway.graphql(
      ada,
      'mutation { createToken(input: { name: "short", scopes: [FLOWS_READ] }) { ... on IssuedToken { secret token { id } } } }',
    );
    const { secret, token } = issued.data.createToken as { secret: string; token: { id: string } };
    const revoked = await opened({ authorization: `Bearer ${secret}` });
    revoked.follow(EVENTS);
    await gateway.graphql(ada, 'mutation ($id: ID!) { revokeToken(id: $id) { __typename } }', { id: token.id });
    expect(await revoked.closed).toBe(4430);
    const until = new Date(Date.parse(gateway.clock.now()) + 60_000).toISOString();
    const brief = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read'], until);
    const expiring = await opened({ authorization: `Bearer ${brief}` });
    gateway.clock.advance(61_000);
    expect(await expiring.closed).toBe(4430);
  });

  it('go on with a fresh token where the client package can get one, and are told where it cannot', async () => {
    const short = async () => {
      const until = new Date(Date.parse(gateway.clock.now()) + 60_000).toISOString();
      return gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read'], until);
    };
    const problems: string[] = [];
    const onProblem = ({ code }: { readonly code: string }) => problems.push(code);
    const renewing = new RunledgerClient({ url: gateway.url, token: short, onProblem });
    const ending = new AbortController();
    const watching = renewing.subscribe(RunEventsDocument, { runId: RUN }, ending);
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: RUN, after: 0n });
    const seen: string[] = [];
    for (let n = 0; n < 2; n += 1) seen.push((await watching.next()).value?.runEvents.event.id ?? '');
    gateway.clock.advance(61_000);
    await new Promise(resolve => setTimeout(resolve, 300));
    while (seen.length < events.length) seen.push((await watching.next()).value?.runEvents.event.id ?? '');
    expect(seen).toEqual(events.map(({ id }) => id));
    const next = watching.next();
    await eventually(() => expect(problems).toContain('TOKEN_ENDED'));
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const lasting = new RunledgerClient({ url: gateway.url, token: await short() });
    const last = lasting.subscribe(RunEventsDocument, {
      runId: RUN,
      after: String(events.at(-1)?.position).padStart(19, '0'),
    });
    const ended = expect(last.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await new Promise(resolve => setTimeout(resolve, 300));
    gateway.clock.advance(61_000);
    await ended;
  });

  it('are refused more operations at a time than a socket may carry, and keep those that they have', async () => {
    const one = await opened();
    for (const id of ['a', 'b', 'c', 'd']) one.follow(EVENTS, {}, id);
    await eventually(() =>
      expect(one.messages).toContainEqual({
        type: 'error',
        id: 'd',
        payload: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'TOO_MANY_OPERATIONS' }) })],
      }),
    );
    expect(one.socket.readyState).toBe(WebSocket.OPEN);
    one.socket.terminate();
  });

  it.each<[string, number, (one: Awaited<ReturnType<typeof opened>>) => void, object | null]>([
    ['nothing', 4408, () => undefined, null],
    ['an operation before a token', 4401, one => one.follow(EVENTS), null],
    ['a token twice', 4429, one => one.send({ type: 'connection_init' }), {}],
    ['one id twice', 4409, one => [1, 2].forEach(() => one.follow(EVENTS)), {}],
    ['half of JSON', 4400, one => one.socket.send('{'), {}],
    ['bytes that are no text', 4400, one => one.socket.send(Buffer.from([1, 2, 3])), {}],
    ['what only a server says', 4400, one => one.send({ type: 'next', id: '1', payload: {} }), {}],
    ['an unknown word', 4400, one => one.send({ type: 'drop table' }), {}],
    ['a message that is too long', 1009, one => one.socket.send('x'.repeat(1_000_001)), {}],
    ['a frame that is none', 1002, one => wireOf(one.socket).write(Buffer.from([0xff, 0xff, 0, 0])), {}],
    ['text that is no UTF-8', 1007, one => wireOf(one.socket).write(maskedText([0xc3, 0x28])), {}],
  ])('who send %s are closed with %i, and others are served', async (_what, code, send, init) => {
    const errors = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const one = await opened(init && { authorization: `Bearer ${ada}`, ...init });
    one.socket.on('error', () => undefined);
    send(one);
    expect(await one.closed).toBe(code);
    expect((await gateway.graphql(ada, '{ viewer { member { id } } }')).status).toBe(200);
    expect(errors).not.toHaveBeenCalled();
    errors.mockRestore();
  });

  it('who flood the platform with pings and read no answer are hung up on', async () => {
    const one = await opened();
    one.socket.on('error', () => undefined);
    one.socket.pause();
    const text = JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(500_000) } });
    for (let n = 0; n < 40 && one.socket.readyState === WebSocket.OPEN; n += 1) {
      await new Promise(resolve => one.socket.send(text, resolve));
    }
    await eventually(() => expect(served.size).toBe(0));
    one.socket.resume();
    expect(await one.closed).toBe(1006);
  });

  async function appendLarge(runId: string, n: number): Promise<void> {
    const metadata = {
      ...{ correlationId: runId, causationId: 'x', actor: { kind: 'system' as const, id: 'x' } },
      ...{ workspaceId: 'ws_acme', occurredAt: gateway.clock.now(), schemaVersion: 1 },
    };
    const place = { attemptId: 'a', runId, step: 'build', attempt: 1 };
    const data = { ...place, entryId: `e${n}`, text: 'x'.repeat(900_000), at: new Date().toISOString() };
    await gateway.store.append(
      { tenant: 'ws_acme', name: 'attempt-large' },
      [{ id: newUuid(), type: 'AgentText', data, metadata }],
      'any',
    );
  }
});

function wireOf(socket: WebSocket): Socket {
  return Reflect.get(socket, '_socket') as Socket;
}

/** A frame with these bytes, as a client sends it. */
function maskedText(bytes: readonly number[]): Buffer {
  return Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]);
}
