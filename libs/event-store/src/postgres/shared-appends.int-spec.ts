import { anEvent, freshStream } from '../contract/contract-world.js';
import type { AppendOutcome } from '../port.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

let under: PostgresUnderTest;
beforeAll(async () => {
  under = await openPostgres({ flights: { flights: 2, appends: 64 } });
});
afterAll(async () => {
  await under.close();
});

const transactions = async () => {
  await under.pool.query('select pg_stat_force_next_flush()');
  const { rows } = await under.pool.query<{ n: string }>(`select count(distinct xmin::text) as n from runledger.event`);
  return Number(rows[0]?.n);
};

describe('appends that share a transaction', () => {
  it('do share it', async () => {
    const before = await transactions();
    await Promise.all(Array.from({ length: 100 }, () => under.store.append(freshStream(), [anEvent()], 'no-stream')));
    expect((await transactions()) - before).toBeLessThan(20);
  });

  it('fail alone when PostgreSQL refuses one of them', async () => {
    await under.pool.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'no room for this' using errcode = 'data_exception'; end $$;
      create trigger refuse before insert on runledger.event for each row when (new.type = 'Refused') execute function refuse()`);
    const types = ['Fine', 'Fine', 'Refused', 'Fine', 'Refused', 'Fine'];
    const outcomes = await Promise.allSettled(
      types.map(type => under.store.append(freshStream(), [anEvent({ type })], 'no-stream')),
    );
    const told = outcomes.map(outcome =>
      outcome.status === 'fulfilled' ? outcome.value.status : (outcome.reason as { code: string }).code,
    );
    expect(told).toEqual(['appended', 'appended', 'INVALID_APPEND', 'appended', 'INVALID_APPEND', 'appended']);
  });

  it('get each its own answer: stored, repeated, in conflict, ended, misused', async () => {
    const [old, ended] = [freshStream(), freshStream()];
    const [first, second] = [anEvent(), anEvent()];
    await under.store.append(old, [first, second], 'no-stream');
    await under.store.tombstoneStream(ended, 'any');
    const appends = [
      under.store.append(old, [first, second], 'no-stream'),
      under.store.append(old, [anEvent()], 0),
      under.store.append(freshStream(), [anEvent()], 'no-stream'),
      under.store.append(ended, [anEvent()], 'any'),
      under.store.append(freshStream(), [anEvent()], 'any'),
      under.store.append(old, [second, anEvent()], 'any'),
      under.store.append(old, [anEvent()], 1),
    ];
    const told = (await Promise.allSettled<AppendOutcome>(appends)).map(outcome =>
      outcome.status === 'fulfilled' ? outcome.value.status : (outcome.reason as { code: string }).code,
    );
    expect(told).toEqual(['duplicate', 'conflict', 'appended', 'deleted', 'appended', 'EVENT_ID_REUSED', 'appended']);
  });

  it('are stored once although their connection broke and they were sent again', async () => {
    let running = true;
    let stored = 0;
    // Each after something was stored since the last one: on a slow machine nothing ever would be.
    const killing = (async () => {
      for (let before = 0; running; before = stored) {
        do await new Promise(resolve => setTimeout(resolve, 20));
        while (running && stored === before);
        await under.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'runledger-event-store' and state = 'active' limit 1`,
        );
      }
    })();
    const streams = Array.from({ length: 40 }, () => freshStream());
    const appendSurely = async (stream: (typeof streams)[number], revision: number) => {
      const events = [anEvent()];
      const expected = revision === 0 ? 'no-stream' : revision - 1;
      for (;;) {
        const outcome = await under.store.append(stream, events, expected).catch((error: { code?: string }) => {
          expect(error.code).toMatch(/^(APPEND_UNCERTAIN|STORE_UNAVAILABLE)$/);
          return undefined;
        });
        if (!outcome) continue;
        stored += 1;
        return expect(outcome).toMatchObject({ revision });
      }
    };
    await Promise.all(
      streams.map(async stream => {
        for (let revision = 0; revision < 20; revision += 1) await appendSurely(stream, revision);
      }),
    );
    running = false;
    await killing;
    const slices = await Promise.all(streams.map(stream => under.store.readStream(stream)));
    expect(slices.map(slice => slice.events.length)).toEqual(streams.map(() => 20));
  });

  it('say that they may be sent again when the server cannot be reached', async () => {
    const store = under.openStore({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
    const attempts = [1, 2, 3].map(() => store.append(freshStream(), [anEvent()], 'any'));
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.close();
  });
});
