import { events, freshStream } from '../contract/contract-world.js';
import { START } from '../port.js';
import { PostgresCheckpoints } from '../postgres/postgres-checkpoints.js';
import { openPostgres } from '../postgres/store-under-test.fixture.js';
import type { PostgresUnderTest } from '../postgres/store-under-test.fixture.js';
import { openOnDouble } from './store-under-test.fixture.js';
import type { DoubleUnderTest } from './store-under-test.fixture.js';

let postgres: PostgresUnderTest;
let under: DoubleUnderTest;
let checkpoints: PostgresCheckpoints;
beforeAll(async () => {
  [postgres, under] = await Promise.all([openPostgres(), openOnDouble()]);
  checkpoints = new PostgresCheckpoints(postgres.pool, { log: under.store });
});
afterAll(async () => {
  await under.close();
  await postgres.close();
});

/** A checkpoint of this consumer at the end of the log. */
async function checkpointAtHead(consumer: string) {
  await under.store.append(freshStream(), events(5), 'no-stream');
  const head = await under.store.head();
  return checkpoints.advance(await checkpoints.acquire(consumer, 1, 'ada'), head);
}

describe('a checkpoint in PostgreSQL of a log in EventStoreDB', () => {
  it('is where it was left, beyond everything that PostgreSQL itself has logged', async () => {
    const { position } = await checkpointAtHead('timeline');
    expect(position).toBeGreaterThan(1_000n);
    expect(await checkpoints.acquire('timeline', 1, 'eve')).toMatchObject({ position, owner: 'eve' });
  });

  it('is refused when it was taken against another log', async () => {
    await checkpointAtHead('moved');
    const other = await openOnDouble();
    await other.store.append(freshStream(), events(50), 'no-stream');
    const there = new PostgresCheckpoints(postgres.pool, { log: other.store });
    await expect(there.acquire('moved', 1, 'ada')).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await expect(new PostgresCheckpoints(postgres.pool).acquire('moved', 1, 'ada')).rejects.toMatchObject({
      code: 'LOG_BEHIND',
    });
    await other.close();
  });

  it('is refused when the log was restored from an older copy', async () => {
    await checkpointAtHead('restored');
    await under.double.restart({ loseEvents: 3 });
    await expect(checkpoints.acquire('restored', 1, 'ada')).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });
});

describe('the name of a log', () => {
  it('is one, though many ask for it at the same time for the first time, and is in no read', async () => {
    const fresh = await openOnDouble();
    const stores = Array.from({ length: 6 }, () => fresh.openStore());
    const names = await Promise.all(stores.map(store => store.identity()));
    expect(new Set(names).size).toBe(1);
    expect(await fresh.store.readAll({ after: START })).toEqual({ events: [], scannedTo: START, caughtUp: true });
    expect(await fresh.store.head()).toBe(START);
    await fresh.double.restart();
    expect(await fresh.store.identity()).toBe(names[0]);
    await fresh.close();
  });

  it('is known although the answer to its writing was lost', async () => {
    const fresh = await openOnDouble();
    await fresh.double.inject({ on: 'append', kind: 'lose-reply' });
    const name = await fresh.store.identity();
    expect(await fresh.openStore().identity()).toBe(name);
    await fresh.close();
  });
});
