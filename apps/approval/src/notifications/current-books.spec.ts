import { ChannelAdded } from '@runledger/contracts';
import { CommandHandler, newUuid } from '@runledger/event-store';
import type { EventStore, RecordedEvent, StreamSlice } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { CurrentBooks } from './current-books.js';

/** A store that has the channels of one workspace, and counts how often they are read. */
function storeOf() {
  const events: RecordedEvent[] = [];
  const asked = { reads: 0, failing: false };
  const store = {
    readStream: (_: unknown, { from = 0 }: { readonly from?: number } = {}): Promise<StreamSlice> => {
      asked.reads += 1;
      if (asked.failing) return Promise.reject(new RetryableError('AWAY', 'The store is away.'));
      const state = events.length === 0 ? 'absent' : 'active';
      return Promise.resolve({ state, events: events.slice(from), lastRevision: events.length - 1 });
    },
  } as unknown as EventStore;
  const add = (channelId: string) => {
    const { type, data } = ChannelAdded({
      ...{ channelId, name: channelId, kind: 'WEBHOOK', settings: { url: 'https://example.org' }, about: ['GATE'] },
      ...{ by: { kind: 'member', id: 'mem_ada' }, addedAt: '2026-11-21T10:00:00.000Z' },
    });
    const metadata = { schemaVersion: ChannelAdded.version };
    events.push({ id: newUuid(), type, data, metadata, revision: events.length } as unknown as RecordedEvent);
  };
  return { add, asked, books: new CurrentBooks(new CommandHandler(store)) };
}

const at = (position: number) => ({ tenant: 'ws_acme', position: BigInt(position) });

describe('the channels that events are told in', () => {
  it('are read once for a batch, in whichever order its runs come to their events', async () => {
    const { add, asked, books } = storeOf();
    add('ch_1');
    await Promise.all([3, 9, 5].map(position => books.at(at(position))));
    for (const position of [4, 6, 8, 9]) expect((await books.at(at(position))).size).toBe(1);
    expect(asked.reads).toBe(1);
  });

  it('have every channel that was there before the event', async () => {
    const { add, asked, books } = storeOf();
    add('ch_1');
    expect((await books.at(at(1))).size).toBe(1);
    add('ch_2');
    expect([...(await books.at(at(3))).keys()]).toEqual(['ch_1', 'ch_2']);
    expect(asked.reads).toBe(2);
  });

  it('are read again after a read that failed', async () => {
    const { add, asked, books } = storeOf();
    add('ch_1');
    asked.failing = true;
    await expect(books.at(at(1))).rejects.toMatchObject({ code: 'AWAY' });
    asked.failing = false;
    expect((await books.at(at(1))).size).toBe(1);
  });
});
