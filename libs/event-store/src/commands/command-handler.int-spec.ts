import { defineEvent, reject, RetryableError } from '@runledger/kernel';
import type { Decider, Rejection } from '@runledger/kernel';
import type { EventStore } from '../port.js';
import { openPostgres } from '../postgres/store-under-test.fixture.js';
import type { PostgresUnderTest } from '../postgres/store-under-test.fixture.js';
import { CommandHandler } from './command-handler.js';
import { newUuid } from './event-ids.js';
import type { CommandContext } from './new-events.js';

const SeatTaken = defineEvent({
  type: 'SeatTaken',
  version: 2, // 2: `by` became `guest`
  schema: { parse: (input: unknown) => seatOf(input) },
  upcast: { 1: ({ by }: { by: string }) => ({ guest: by }) },
});
type SeatEvent = ReturnType<typeof SeatTaken>;
type Refusal = Rejection<'FULL'>;

/** A table with three seats; `take` takes one for each guest, `none` does nothing. */
const table: Decider<readonly string[] | 'none', readonly string[], SeatEvent, Refusal> = {
  category: 'table',
  events: [SeatTaken],
  initialState: () => [],
  evolve: (guests, event) => [...guests, event.data.guest],
  decide: (wanted, guests) => {
    if (wanted === 'none') return [];
    if (guests.length + wanted.length > 3) return reject('FULL', 'All seats are taken.');
    return wanted.map(guest => SeatTaken({ guest }));
  },
};

function seatOf(input: unknown): { guest: string } {
  const { guest } = input as { guest?: unknown };
  if (typeof guest !== 'string' || guest === '') throw new TypeError('A guest has a name.');
  return { guest };
}

let under: PostgresUnderTest;
let here: CommandHandler;
let there: CommandHandler;
beforeAll(async () => {
  under = await openPostgres();
  here = new CommandHandler(under.store);
  there = new CommandHandler(under.another());
});
afterAll(() => under.close());

const context = (commandId = newUuid()): CommandContext => ({
  commandId,
  workspaceId: 'ws_diner',
  actor: { kind: 'member', id: 'ada' },
  occurredAt: '2026-01-05T09:30:00.000Z',
  correlationId: 'run_diner',
});
const newTable = () => `table-${newUuid()}`;
const guestsAt = async (stream: string) => {
  const { events } = await under.store.readStream({ tenant: 'ws_diner', name: stream });
  return events.map(event => (event.data as { guest: string }).guest);
};

describe('a command', () => {
  it('stores what was decided, with who, when and why', async () => {
    const stream = newTable();
    const outcome = await here.handle(table, stream, ['ada', 'eve'], {
      ...context('take-1'),
      traceparent: '00-ab-cd-01',
    });
    expect(outcome).toMatchObject({ status: 'accepted', stream, revision: 1, state: ['ada', 'eve'] });
    const { events } = await under.store.readStream({ tenant: 'ws_diner', name: stream });
    expect(events[1]?.metadata).toEqual({
      correlationId: 'run_diner',
      causationId: 'take-1',
      actor: { kind: 'member', id: 'ada' },
      workspaceId: 'ws_diner',
      occurredAt: '2026-01-05T09:30:00.000Z',
      schemaVersion: 2,
      traceparent: '00-ab-cd-01',
    });
  });

  it('that is refused stores nothing', async () => {
    const stream = newTable();
    const outcome = await here.handle(table, stream, ['a', 'b', 'c', 'd'], context());
    expect(outcome).toEqual({ status: 'refused', refusal: reject('FULL', 'All seats are taken.') });
    expect(await guestsAt(stream)).toEqual([]);
  });

  it('with nothing to do is accepted without a position', async () => {
    const stream = newTable();
    await here.handle(table, stream, ['ada'], context());
    const outcome = await here.handle(table, stream, 'none', context());
    expect(outcome).toMatchObject({ status: 'accepted', revision: 0, position: undefined, events: [] });
  });

  it('on a stream that was ended is a fault', async () => {
    const stream = newTable();
    await under.store.tombstoneStream({ tenant: 'ws_diner', name: stream }, 'any');
    await expect(here.handle(table, stream, ['ada'], context())).rejects.toMatchObject({ code: 'STREAM_ENDED' });
  });

  it('whose event does not fit its schema is a fault, and stores nothing', async () => {
    const stream = newTable();
    await expect(here.handle(table, stream, [''], context())).rejects.toMatchObject({ code: 'INVALID_EVENT' });
    expect(await guestsAt(stream)).toEqual([]);
  });
});

describe('the same command again (R1)', () => {
  it('counts once and gets the same answer, here and in another process', async () => {
    const stream = newTable();
    const once = context();
    const first = await here.handle(table, stream, ['ada'], once);
    expect(await here.handle(table, stream, ['ada'], once)).toEqual(first);
    expect(await there.handle(table, stream, ['ada'], once)).toEqual(first);
    expect(await new CommandHandler(under.store).handle(table, stream, ['ada'], once)).toEqual(first);
    expect(await guestsAt(stream)).toEqual(['ada']);
  });

  it('is accepted as before although it would be refused today', async () => {
    const stream = newTable();
    const once = context();
    const first = await here.handle(table, stream, ['ada'], once);
    await there.handle(table, stream, ['eve', 'bob'], context());
    const again = await here.handle(table, stream, ['ada'], once);
    expect(again).toMatchObject({
      status: 'accepted',
      revision: 0,
      events: [{ type: 'SeatTaken', data: { guest: 'ada' } }],
    });
    expect(again).toMatchObject({ position: 'position' in first ? first.position : undefined });
  });

  it('counts once although it would decide on more events today', async () => {
    const stream = newTable();
    const once = context();
    await here.handle(table, stream, ['ada'], context());
    await there.handle(table, stream, ['eve'], once);
    const again = await here.handle(table, stream, ['eve', 'bob'], once);
    expect(again).toMatchObject({ status: 'accepted', revision: 1, events: [{ data: { guest: 'eve' } }] });
    expect(await guestsAt(stream)).toEqual(['ada', 'eve']);
  });

  it('sent ten times at once counts once', async () => {
    const stream = newTable();
    const once = context();
    const handlers = Array.from({ length: 10 }, (_, n) => (n % 2 ? here : there));
    const outcomes = await Promise.all(handlers.map(handler => handler.handle(table, stream, ['ada'], once)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['accepted']));
    expect(await guestsAt(stream)).toEqual(['ada']);
  });
});

describe('commands of several processes on one stream', () => {
  it('are decided again when another was faster, so that the rule holds', async () => {
    const stream = newTable();
    const guests = Array.from({ length: 12 }, (_, n) => `guest-${n}`);
    const outcomes = await Promise.all(
      guests.map((guest, n) => (n % 2 ? here : there).handle(table, stream, [guest], context())),
    );
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(3);
    expect(await guestsAt(stream)).toHaveLength(3);
  });

  it('never go by a state in memory whose stream was deleted since', async () => {
    const stream = newTable();
    const full = ['ada', 'eve', 'bob'];
    await here.handle(table, stream, full, context());
    await under.store.deleteStream({ tenant: 'ws_diner', name: stream }, 'any');
    expect(await here.handle(table, stream, full, context())).toMatchObject({ status: 'accepted', revision: 5 });
    expect(await there.handle(table, stream, ['cyd'], context())).toMatchObject({ status: 'refused' });
    expect(await there.load(table, { tenant: 'ws_diner', name: stream })).toMatchObject({ state: full, revision: 5 });
  });

  it('see what another process stored before they refuse', async () => {
    // A decider whose refusal goes away as events come: closed until the second guest is there.
    const bar: typeof table = {
      ...table,
      decide: (wanted, guests) =>
        wanted === 'none' || guests.length >= 2
          ? wanted === 'none'
            ? []
            : [SeatTaken({ guest: 'late' })]
          : reject('FULL', 'Closed.'),
    };
    const stream = newTable();
    await here.handle(table, stream, ['ada'], context());
    await there.handle(table, stream, ['eve'], context());
    expect(await here.handle(bar, stream, ['bob'], context())).toMatchObject({ status: 'accepted', revision: 2 });
  });

  it('read old events in the shape of today (E4)', async () => {
    const stream = { tenant: 'ws_diner', name: newTable() };
    const metadata = { ...context(), causationId: 'c', schemaVersion: 1 };
    await under.store.append(
      stream,
      [{ id: newUuid(), type: 'SeatTaken', data: { by: 'ada' }, metadata }],
      'no-stream',
    );
    expect(await here.load(table, stream)).toMatchObject({ state: ['ada'], revision: 0 });
  });
});

describe('a store that fails in passing', () => {
  /** Answers are lost behind the append, or in front of it, this often. */
  const flaky = (store: EventStore, losses: ('before' | 'after')[]): EventStore => ({
    ...boundTo(store),
    append: async (...asked) => {
      const loss = losses.shift();
      if (loss === 'before') throw new RetryableError('LOST', 'The connection broke.');
      const outcome = await store.append(...asked);
      if (loss === 'after') throw new RetryableError('LOST', 'The connection broke.');
      return outcome;
    },
  });

  it.each([[['before']], [['after']], [['after', 'before']]] as ('before' | 'after')[][][])(
    'is asked again with the same events (answers lost: %j)',
    async losses => {
      const stream = newTable();
      const handler = new CommandHandler(flaky(under.store, [...losses]));
      const outcome = await handler.handle(table, stream, ['ada'], context());
      expect(outcome).toMatchObject({ status: 'accepted', revision: 0, state: ['ada'] });
      expect(await guestsAt(stream)).toEqual(['ada']);
    },
  );

  it('in the end is reported, and the command may be sent again', async () => {
    const stream = newTable();
    const handler = new CommandHandler(flaky(under.store, ['after', 'before', 'before']));
    const once = context();
    await expect(handler.handle(table, stream, ['ada'], once)).rejects.toThrow(RetryableError);
    expect(await handler.handle(table, stream, ['ada'], once)).toMatchObject({ status: 'accepted', revision: 0 });
    expect(await guestsAt(stream)).toEqual(['ada']);
  });
});

function boundTo(store: EventStore): EventStore {
  return {
    append: (...asked) => store.append(...asked),
    readStream: (...asked) => store.readStream(...asked),
    readAll: options => store.readAll(options),
    subscribe: options => store.subscribe(options),
    head: () => store.head(),
    settled: () => store.settled(),
    identity: () => store.identity(),
    deleteStream: (...asked) => store.deleteStream(...asked),
    tombstoneStream: (...asked) => store.tombstoneStream(...asked),
    close: () => store.close(),
  };
}
