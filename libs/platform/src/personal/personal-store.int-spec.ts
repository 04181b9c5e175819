import { createPostgresEventStore, newUuid, partitionOf, PostgresCheckpoints } from '@runledger/event-store';
import type { Actor, EventStore, NewEvent, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { PersonalData } from './personal-data.js';
import { personalCheckpoints } from './personal-parking.js';
import { personalDistribution, personalStore } from './personal-store.js';
import { SubjectKeys } from './subject-keys.js';

const any = { parse: (input: unknown) => input as object };
const catalogue = new EventCatalogue([
  defineEvent({ type: 'Noted', version: 1, schema: any }),
  defineEvent({
    ...{ type: 'Joined', version: 1, schema: any },
    personal: [
      { field: 'name', of: 'memberId' },
      { field: 'by.name', of: 'by.id' },
    ],
  }),
]);
const ADA: Actor = { kind: 'member', id: 'mem_ada', name: 'Ada Lovelace' };
const WORKSPACE = 'ws_acme';

let database: TestDatabase;
let pool: pg.Pool;
let stored: EventStore;
let keys: SubjectKeys;
let store: EventStore;

beforeAll(async () => {
  database = await logDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  stored = createPostgresEventStore({ connectionString: database.url });
  keys = new SubjectKeys(pool);
  store = personalStore(stored, new PersonalData(keys, catalogue));
});

afterAll(async () => {
  await stored.close();
  await pool.end();
  await database.drop();
});

const event = (type: string, data: object, actor: Actor = ADA): NewEvent => {
  const story = {
    correlationId: 's',
    causationId: 's',
    workspaceId: WORKSPACE,
    occurredAt: '2026-11-21T10:00:00.000Z',
  };
  return { id: newUuid(), type, data, metadata: { ...story, actor, schemaVersion: 1 } };
};
const joined = () => event('Joined', { memberId: 'mem_eve', name: 'Eve', by: { id: 'mem_ada', name: 'Ada' }, age: 3 });
const write = (name: string, ...events: readonly NewEvent[]) =>
  store.append({ tenant: WORKSPACE, name }, events, 'any');
const read = async (from: EventStore, name: string) =>
  (await from.readStream({ tenant: WORKSPACE, name })).events.map(({ data, metadata }) => [data, metadata.actor.name]);

describe('what is personal in events', () => {
  it('is nowhere in the log, and is read as it was written', async () => {
    await write('people-1', joined());
    const shown = [[{ memberId: 'mem_eve', name: 'Eve', by: { id: 'mem_ada', name: 'Ada' }, age: 3 }, 'Ada Lovelace']];
    expect(await read(store, 'people-1')).toEqual(shown);
    const { rows } = await pool.query<{ text: string }>(
      'select data::text || metadata::text as text from runledger.event',
    );
    expect(rows.map(({ text }) => text).join()).not.toMatch(/Eve|Ada/);
    const [[data, actor] = []] = await read(stored, 'people-1');
    expect(data).toMatchObject({ age: 3, name: expect.stringMatching(/^sealed:1:mem_eve:/) });
    expect(actor).toMatch(/^sealed:1:mem_ada:/);
  });

  it('is opened for whoever follows the log as well', async () => {
    const ending = new AbortController();
    const personal = new PersonalData(new SubjectKeys(pool), catalogue);
    const batches = personalDistribution({ subscribe: options => stored.subscribe(options) }, personal);
    for await (const { events } of batches.subscribe({ after: 0n, signal: ending.signal })) {
      expect(events[0]).toMatchObject({ data: { name: 'Eve' }, metadata: { actor: { name: 'Ada Lovelace' } } });
      break;
    }
    ending.abort();
  });

  it('is what an event may concern somebody by', async () => {
    const ending = new AbortController();
    const personal = new PersonalData(new SubjectKeys(pool), catalogue);
    const concerns = ({ data }: RecordedEvent) => (data as { name?: string }).name === 'Eve';
    const follow = { after: await store.head(), signal: ending.signal, concerns };
    for (const source of [store, personalDistribution({ subscribe: options => stored.subscribe(options) }, personal)]) {
      const told: RecordedEvent[] = [];
      for await (const { events } of source.subscribe(follow)) {
        if (told.push(...events) === 0) await write('people-2', joined());
        else break;
      }
      expect(told).toMatchObject([{ data: { name: 'Eve' } }]);
    }
    ending.abort();
  });

  it('is sealed in an event that is set aside, too', async () => {
    const consumers = [{ consumer: 'reactor/people', version: 1 }];
    const checkpoints = personalCheckpoints(new PostgresCheckpoints(pool), new PersonalData(keys, catalogue));
    await checkpoints.partitions.prepare('reactor/people', 1);
    const beat = { member: 'here', ttlMs: 60_000, consumers, joining: true, seizing: consumers };
    const lease = (await checkpoints.partitions.heartbeat(beat))?.[0]?.leases[partitionOf('s')];
    if (!lease) throw new Error('nobody else takes the partition');
    const [parked] = (await store.readStream({ tenant: WORKSPACE, name: 'people-1' })).events;
    if (!parked) throw new Error('it was written before');
    await checkpoints.parking.park(lease, 's', parked);
    const { rows } = await pool.query<{ text: string }>('select event::text as text from runledger.parked_event');
    expect(rows.map(({ text }) => text)).toEqual([expect.not.stringMatching(/Eve|Ada/)]);
    expect(await checkpoints.parking.next(lease, 's')).toEqual(parked);
  });

  it('is erased for ever with the key: of that person alone, of what is written later too, and the bytes stay', async () => {
    const before = await read(stored, 'people-1');
    expect(await keys.destroy({ workspaceId: WORKSPACE, subject: 'mem_eve' })).toBe(true);
    expect(await read(store, 'people-1')).toMatchObject([[{ name: '[erased]', by: { name: 'Ada' } }, 'Ada Lovelace']]);
    await write('people-1', joined());
    const erased = [{ name: '[erased]', by: { name: 'Ada' } }, 'Ada Lovelace'];
    expect(await read(store, 'people-1')).toMatchObject([erased, erased]);
    expect((await read(stored, 'people-1'))[0]).toEqual(before[0]);
    expect(await keys.destroy({ workspaceId: WORKSPACE, subject: 'mem_eve' })).toBe(false);
    expect(await new SubjectKeys(pool).keyFor({ workspaceId: WORKSPACE, subject: 'mem_eve' })).toBeUndefined();
  });

  it('costs events without it nothing: they are handed on as they are, and need no key', async () => {
    const personal = new PersonalData(
      new SubjectKeys({ query: () => Promise.reject(new Error('nobody asks for a key')) }),
      catalogue,
    );
    const plain = event('Noted', { text: 'Ada' }, { kind: 'service', id: 'sandbox', name: 'Sandbox' });
    expect(await personal.sealed(plain, WORKSPACE)).toBe(plain);
    const read = { ...plain, tenant: WORKSPACE, stream: 's', category: 's', revision: 0, position: 1n, recordedAt: '' };
    const list = [read];
    expect(await personal.openedAll(list)).toBe(list);
  });
});
