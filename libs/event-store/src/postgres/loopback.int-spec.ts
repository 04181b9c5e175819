import { newUuid } from '../commands/event-ids.js';
import { anEvent, follow, freshStream, idsOf } from '../contract/contract-world.js';
import type { NewEvent } from '../port.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

/** From now on the tail finds nothing new in the log: what it gains, it gains from its own process. */
const BLIND = `
  create or replace function runledger.tail(after bigint, most int) returns table (
    gpos bigint, event_id uuid, type text, data json, metadata json, tenant text, stream text, revision bigint,
    recorded_at timestamptz, head bigint, given bigint
  ) language sql volatile as $$
    select null::bigint, null::uuid, null, null::json, null::json, null, null, null::bigint, null::timestamptz, tail.after,
           (select g.last_value from runledger.gpos g)
  $$`;

let under: PostgresUnderTest;
let seeing: string;

beforeAll(async () => {
  under = await openPostgres();
  const text = `select pg_get_functiondef('runledger.tail(bigint, int)'::regprocedure) as definition`;
  seeing = (await under.pool.query<{ definition: string }>(text)).rows[0]?.definition ?? '';
});
afterEach(() => under.pool.query(seeing));
afterAll(() => under.close());

const DEMANDING: readonly Partial<NewEvent>[] = [
  { data: { zebra: 1, apple: { y: -0, x: 1e-7 }, '10': 3, ä: [2 ** 53, 5e-324, 0.1 + 0.2] } },
  { data: { text: 'before\u0000after \\ud800 – 漢字 – 👩‍🚀 – \u2028' } },
  { data: { gone: undefined, date: new Date(0), list: [undefined, NaN], nested: { toJSON: () => 'as it says' } } },
  { data: null },
  { data: 'just text' },
  { id: newUuid().toUpperCase() },
  { id: newUuid().replaceAll('-', '') },
];

describe('events on the short way from append to subscription', () => {
  it('are exactly what everybody else reads: every value, every key, in the same order', async () => {
    const stream = freshStream('order');
    const after = await under.store.head();
    const { events } = await follow(under.store, { after }, (all, batches) => {
      if (batches.length === 1) void appendDemanding(stream.name);
      return all.length === 2 * DEMANDING.length + 1;
    });
    const { events: read } = await under.another().readAll({ after });
    expect(events).toStrictEqual(read);
    expect(textOf(events)).toBe(textOf(read));
  });

  async function appendDemanding(name: string): Promise<void> {
    await under.pool.query(BLIND);
    const stream = { ...freshStream(), name };
    const [first] = DEMANDING.map(more => anEvent(more)) as [NewEvent];
    await under.store.append(stream, [first], 'no-stream');
    await under.store.append(stream, DEMANDING.map(again), 0);
    await Promise.all(DEMANDING.map(more => under.store.append(freshStream(), [anEvent(again(more))], 'no-stream')));
  }

  it('do not overtake an event of another process that lies before them', async () => {
    const after = await under.store.head();
    const [foreign, own] = [anEvent(), anEvent()];
    const race = async () => {
      await under.pool.query(BLIND);
      await under.another().append(freshStream(), [foreign], 'no-stream');
      await under.store.append(freshStream(), [own], 'no-stream');
      await under.pool.query(seeing);
    };
    const { events } = await follow(under.store, { after }, (all, batches) => {
      if (batches.length === 1) void race();
      return all.length === 2;
    });
    expect(idsOf(events)).toEqual(idsOf([foreign, own]));
  });

  it('pass a number that a rolled-back writer took', async () => {
    const after = await under.store.head();
    const own = [anEvent(), anEvent()];
    const race = async () => {
      await under.store.append(freshStream(), own.slice(0, 1), 'no-stream');
      await under.pool.query(`select nextval('runledger.gpos')`);
      await under.store.append(freshStream(), own.slice(1), 'no-stream');
    };
    const { events } = await follow(under.store, { after }, (all, batches) => {
      if (batches.length === 1) void race();
      return all.length === 2;
    });
    expect(idsOf(events)).toEqual(idsOf(own));
    expect((events[1]?.position ?? 0n) - (events[0]?.position ?? 0n)).toBe(2n);
  });

  it('can be read at once by whoever was told of them, although another writer holds the log back', async () => {
    const holder = await under.pool.connect();
    const after = await under.store.head();
    let read: Promise<string[]> | undefined;
    const hold = async () => {
      await holder.query('begin');
      await holder.query(
        `select pg_advisory_xact_lock_shared(runledger.bound_tag() | (select last_value from runledger.gpos))`,
      );
      await under.store.append(freshStream(), [anEvent()], 'no-stream');
    };
    const { events } = await follow(under.store, { after }, (all, batches) => {
      if (batches.length === 1) void hold();
      if (all.length === 1) read = under.store.readAll({ after }).then(slice => idsOf(slice.events));
      return all.length === 1;
    });
    expect(await read).toEqual(idsOf(events));
    expect((await under.another().readAll({ after })).events).toEqual([]);
    await holder.query('commit');
    holder.release();
    expect(idsOf((await under.another().readAll({ after })).events)).toEqual(idsOf(events));
  });
});

function again(more: Partial<NewEvent>): NewEvent {
  return anEvent({ ...more, ...(more.id === undefined ? {} : { id: newUuid().toUpperCase() }) });
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
