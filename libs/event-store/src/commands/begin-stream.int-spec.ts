import { defineEvent, reject, type Decider, type Rejection } from '@runledger/kernel';
import { logDatabase } from '../log-database.fixture.js';
import type { TestDatabase } from '@runledger/testing';
import type { EventStore } from '../port.js';
import { createPostgresEventStore } from '../postgres/postgres-event-store.js';
import { CommandHandler } from './command-handler.js';
import { newUuid } from './event-ids.js';

interface Claimed {
  readonly by: string;
}
const ClaimMade = defineEvent({
  type: 'ClaimMade',
  version: 1,
  schema: { parse: (input: unknown) => input as Claimed },
});

/** The first to claim wins. */
const claim: Decider<string, string | undefined, ReturnType<typeof ClaimMade>, Rejection<'TAKEN'>> = {
  category: 'claim',
  events: [ClaimMade],
  initialState: () => undefined,
  evolve: (_state, event) => event.data.by,
  decide: (by, owner) => (owner === undefined ? [ClaimMade({ by })] : reject('TAKEN', `It belongs to ${owner}.`)),
};

let database: TestDatabase;
let store: EventStore;
let reads = 0;

beforeAll(async () => {
  database = await logDatabase();
  store = createPostgresEventStore({ connectionString: database.url });
  const readStream = store.readStream.bind(store);
  store.readStream = (...asked) => {
    reads += 1;
    return readStream(...asked);
  };
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

/** A handler each, as processes have: none knows what another has cached. */
const begin = (stream: string, by: string, commandId = newUuid()) =>
  new CommandHandler(store).begin(claim, stream, by, {
    commandId,
    workspaceId: 'ws_acme',
    actor: { kind: 'member', id: by },
    occurredAt: '2026-03-01T10:00:00.000Z',
    correlationId: commandId,
  });

describe('a command that begins its stream', () => {
  it('is stored without reading the stream first', async () => {
    reads = 0;
    expect(await begin('claim-1', 'ada')).toMatchObject({ status: 'accepted', revision: 0, state: 'ada' });
    expect(reads).toBe(0);
  });

  it('is answered from what is there when the stream exists after all', async () => {
    await begin('claim-2', 'ada');
    expect(await begin('claim-2', 'eve')).toMatchObject({ status: 'refused', refusal: { rejected: 'TAKEN' } });
  });

  it('counts once when it is sent again', async () => {
    const commandId = newUuid();
    const first = await begin('claim-3', 'ada', commandId);
    expect(await begin('claim-3', 'ada', commandId)).toEqual(first);
  });

  it('has one winner among many', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => begin('claim-4', `member-${n}`)));
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(1);
  });
});
