import type pg from 'pg';
import { anEvent, follow, freshStream, idsOf } from '../contract/contract-world.js';
import type { EventStore } from '../port.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

/** Holds the insert of a `Held` event, after its position was taken, for as long as somebody has this lock. */
const HOLD = `
  create function hold() returns trigger language plpgsql as $$
  begin
    if new.type = 'Held' then perform pg_advisory_xact_lock(4711); end if;
    return new;
  end $$;
  create trigger hold before insert on runledger.event for each row execute function hold()`;

let under: PostgresUnderTest;
let holder: pg.PoolClient;
let other: EventStore;

beforeAll(async () => {
  under = await openPostgres();
  await under.pool.query(HOLD);
  holder = await under.pool.connect();
  other = under.another();
});
afterAll(async () => {
  holder.release();
  await under.close();
});

/** In this database only: the server shows the locks of all, and another spec may know the same one. */
const WAITING = `from pg_locks where locktype = 'advisory' and objid = 4711 and not granted
  and database = (select oid from pg_database where datname = current_database())`;

const waitUntilHeld = async () => {
  while ((await under.pool.query(`select 1 ${WAITING}`)).rows.length === 0)
    await new Promise(resolve => setTimeout(resolve, 5));
};

/** Exact, not statistical: the first event has the lower position and commits last. */
describe('a writer that took its position first and commits last', () => {
  // Each goes another way through the store's SQL.
  it.each([
    ['creates its stream', 'no-stream', []],
    ['knows its revision', 0, ['append']],
    ['expects nothing', 'any', ['append']],
    ['opens a deleted stream again', 'no-stream', ['append', 'delete']],
  ] as const)(
    'holds readers back until it is there, so that nobody passes it by, when it %s',
    async (_, expected, steps) => {
      const stream = freshStream();
      if (steps[0]) await under.store.append(stream, [anEvent()], 'no-stream');
      if (steps[1]) await under.store.deleteStream(stream, 'any');
      const after = await under.store.head();
      await holder.query('select pg_advisory_lock(4711)');
      const [held, quick] = [anEvent({ type: 'Held' }), anEvent({ type: 'Quick' })];
      const holding = under.store.append(stream, [held], expected);
      await waitUntilHeld();
      const passed = await other.append(freshStream(), [quick], 'no-stream');
      expect(passed.status).toBe('appended');
      expect(await under.store.readAll({ after })).toEqual({ events: [], scannedTo: after, caughtUp: true });
      expect(await under.store.head()).toBe(after);
      await holder.query('select pg_advisory_unlock(4711)');
      const first = await holding;
      const { events } = await under.store.readAll({ after });
      expect(idsOf(events)).toEqual([held.id, quick.id]);
      expect(first).toMatchObject({ position: events[0]?.position });
    },
  );

  it('is waited for by whoever asks for the end of all that is committed', async () => {
    await holder.query('select pg_advisory_lock(4711)');
    const holding = under.store.append(freshStream(), [anEvent({ type: 'Held' })], 'no-stream');
    await waitUntilHeld();
    const quick = await other.append(freshStream(), [anEvent({ type: 'Quick' })], 'no-stream');
    let answered = false;
    const settling = other.settled().finally(() => {
      answered = true;
    });
    await Promise.race([settling, new Promise(resolve => setTimeout(resolve, 100))]);
    expect(answered).toBe(false);
    await holder.query('select pg_advisory_unlock(4711)');
    await holding;
    expect(quick).toMatchObject({ position: await settling });
  });

  it('is waited for no longer by whoever closes the store', async () => {
    const store = under.openStore();
    await holder.query('select pg_advisory_lock(4711)');
    const holding = under.store.append(freshStream(), [anEvent({ type: 'Held' })], 'no-stream');
    await waitUntilHeld();
    const settling = expect(store.settled()).rejects.toMatchObject({ code: 'READ_INTERRUPTED' });
    await new Promise(resolve => setTimeout(resolve, 100));
    await store.close();
    await settling;
    await holder.query('select pg_advisory_unlock(4711)');
    await holding;
  });

  it('is not overtaken on the short way from append to subscription either', async () => {
    const after = await under.store.head();
    const [held, quick] = [anEvent({ type: 'Held' }), anEvent({ type: 'Quick' })];
    const race = async () => {
      await holder.query('select pg_advisory_lock(4711)');
      const holding = under.store.append(freshStream(), [held], 'no-stream');
      await waitUntilHeld();
      await under.store.append(freshStream(), [quick], 'no-stream');
      await holder.query('select pg_advisory_unlock(4711)');
      await holding;
    };
    const { events } = await follow(under.store, { after }, (all, batches) => {
      if (batches.length === 1) void race();
      return all.length === 2;
    });
    expect(idsOf(events)).toEqual([held.id, quick.id]);
  });

  it('lets readers go on when it dies instead, and leaves a hole in the positions', async () => {
    const after = await under.store.head();
    await holder.query('select pg_advisory_lock(4711)');
    const dying = under.pool.query(
      `select runledger.append('ws_held', 'thing-held', -2, array[gen_random_uuid()], '{Held}', '{run_1}', array['{}'::json], array['{}'::json], false)`,
    );
    await waitUntilHeld();
    const quick = anEvent({ type: 'Quick' });
    const passed = await under.store.append(freshStream(), [quick], 'no-stream');
    const seen = follow(under.store, { after }, all => all.length === 1);
    await under.pool.query(`select pg_terminate_backend(pid) ${WAITING}`);
    await expect(dying).rejects.toMatchObject({ code: '57P01' });
    await holder.query('select pg_advisory_unlock(4711)');
    const { events } = await seen;
    expect(idsOf(events)).toEqual([quick.id]);
    expect('position' in passed && passed.position > after + 1n).toBe(true);
  });

  it('never leads a checkpoint to a position where no event is', async () => {
    const client = await under.pool.connect();
    await client.query('begin');
    await client.query(
      `select runledger.append('ws_gone', 'thing-gone', -2, array[gen_random_uuid()], '{Gone}', '{run_1}', array['{}'::json], array['{}'::json], false)`,
    );
    await client.query('rollback');
    client.release();
    const { scannedTo } = await under.store.readAll({ after: 0n, types: ['Unheard'] });
    const { rows } = await under.pool.query('select 1 from runledger.event where gpos = $1', [String(scannedTo)]);
    expect(rows).toHaveLength(1);
  });
});
