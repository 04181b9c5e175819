import { defineEvent, type Decider } from '@runledger/kernel';
import type { TestDatabase } from '@runledger/testing';
import { logDatabase } from '../log-database.fixture.js';
import type { EventStore } from '../port.js';
import { createPostgresEventStore } from '../postgres/postgres-event-store.js';
import { CommandHandler } from './command-handler.js';
import { newUuid } from './event-ids.js';

const Noted = defineEvent({ type: 'Noted', version: 1, schema: { parse: (input: unknown) => input } });
const counter: Decider<string, number, ReturnType<typeof Noted>, never> = {
  category: 'count',
  events: [Noted],
  initialState: () => 0,
  evolve: count => count + 1,
  decide: note => [Noted({ note })],
};

let database: TestDatabase;
let store: EventStore;
let read: string[] = [];
let handler: CommandHandler;

beforeAll(async () => {
  database = await logDatabase();
  store = createPostgresEventStore({ connectionString: database.url });
  const readStream = store.readStream.bind(store);
  store.readStream = (ref, range) => {
    read.push(ref.name);
    return readStream(ref, range);
  };
});
beforeEach(() => {
  handler = new CommandHandler(store, { cachedStates: 2 });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const count = (stream: string) => {
  const commandId = newUuid();
  const actor = { kind: 'system', id: 'counter' } as const;
  const occurredAt = '2026-03-01T10:00:00.000Z';
  return handler.handle(counter, stream, 'one more', {
    ...{ commandId, workspaceId: 'ws_kept', actor, occurredAt, correlationId: commandId },
  });
};
const look = (stream: string) => handler.remembered(counter, { tenant: 'ws_kept', name: stream });
/** Of three streams, where there is room for the states of two. */
const streams = () => ['a', 'b', 'c'].map(each => `count-${each}-${newUuid()}`) as [string, string, string];

describe('the state of a stream', () => {
  it('is kept for the next command, unless others were used since', async () => {
    const [often, once, another] = streams();
    for (const stream of [often, once, often, another]) await count(stream);
    read = [];
    expect(await count(often)).toMatchObject({ status: 'accepted', state: 3 });
    expect(read).toEqual([]);
    expect(await count(once)).toMatchObject({ status: 'accepted', state: 2 });
    expect(read).toContain(once);
  });

  it('that is only looked at does not push out one that is used', async () => {
    const [looked, used, another] = streams();
    for (const stream of [looked, used]) await count(stream);
    expect(look(looked)).toBe(1);
    await count(another);
    read = [];
    expect(await count(used)).toMatchObject({ status: 'accepted', state: 2 });
    expect(read).toEqual([]);
    expect(look(looked)).toBeUndefined();
  });

  it('is looked at without reading, and undefined where none is kept', () => {
    const [stream] = streams();
    read = [];
    expect(look(stream)).toBeUndefined();
    expect(read).toEqual([]);
  });
});
