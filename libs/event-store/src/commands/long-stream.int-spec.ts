import { defineEvent } from '@runledger/kernel';
import type { Decider } from '@runledger/kernel';
import { anEvent } from '../contract/contract-world.js';
import type { EventStore } from '../port.js';
import { openPostgres } from '../postgres/store-under-test.fixture.js';
import type { PostgresUnderTest } from '../postgres/store-under-test.fixture.js';
import { CommandHandler } from './command-handler.js';
import { newUuid } from './event-ids.js';

const Noted = defineEvent({ type: 'Noted', version: 1, schema: { parse: (input: unknown) => input } });
const counter: Decider<string, number, ReturnType<typeof Noted>, never> = {
  category: 'audit',
  events: [Noted],
  initialState: () => 0,
  evolve: count => count + 1,
  decide: note => [Noted({ note })],
};

const LENGTH = 22_000;

let under: PostgresUnderTest;
beforeAll(async () => {
  under = await openPostgres();
});
afterAll(() => under.close());

/** Counts the events that were read from streams. */
function counting(store: EventStore): { readonly store: EventStore; readonly read: () => number } {
  let read = 0;
  const readStream: EventStore['readStream'] = async (ref, options) => {
    const slice = await store.readStream(ref, options);
    read += slice.events.length;
    return slice;
  };
  return {
    store: Object.assign(Object.create(store) as EventStore, { readStream, append: store.append.bind(store) }),
    read: () => read,
  };
}

describe('commands on a very long stream', () => {
  it('do not read it again, and recognise a repeat however old it is', async () => {
    const stream = { tenant: 'ws_long', name: `audit-${newUuid()}` };
    const { store, read } = counting(under.store);
    const handler = new CommandHandler(store);
    const context = (commandId: string) => ({
      commandId,
      workspaceId: stream.tenant,
      actor: { kind: 'system' as const, id: 'audit' },
      occurredAt: '2026-01-05T09:30:00.000Z',
      correlationId: 'run_long',
    });
    const oldest = newUuid();
    const first = await handler.handle(counter, stream.name, 'first', context(oldest));
    for (let length = 1; length < LENGTH; length += 1_000) {
      const events = Array.from({ length: 1_000 }, () => anEvent({ type: 'Noted', data: { note: 'more' } }));
      await under.store.append(stream, events, length - 1);
    }
    await handler.handle(counter, stream.name, 'next', context(newUuid()));
    const before = read();
    const next = await handler.handle(counter, stream.name, 'and next', context(newUuid()));
    expect([next.status, read() - before]).toEqual(['accepted', 0]);
    const again = await handler.handle(counter, stream.name, 'first', context(oldest));
    expect(again).toMatchObject({
      status: 'accepted',
      revision: 0,
      events: [{ type: 'Noted', data: { note: 'first' } }],
    });
    expect(first).toMatchObject({ revision: 0 });
    expect((await under.store.readStream(stream, { direction: 'backwards', limit: 1 })).lastRevision).toBe(LENGTH + 2);
  });
});
