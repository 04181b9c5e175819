import { anEvent, freshStream } from '../contract/contract-world.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

const APPEND = `select runledger.append('ws_open', 'thing-open', -2, array[gen_random_uuid()], '{Open}', '{run_1}',
  array['{}'::json], array['{}'::json], false)`;

describe('appends that have not committed', () => {
  let under: PostgresUnderTest;
  beforeAll(async () => {
    under = await openPostgres();
  });
  afterAll(() => under.close());

  it('are told with what they hold back and since when, until they end one way or the other', async () => {
    const { store, pool } = under;
    expect(await store.openAppends?.()).toEqual({ given: 0n, settled: 0n, oldestSeconds: 0 });
    const writer = await pool.connect();
    await writer.query('begin');
    await writer.query(APPEND);
    await writer.query('select pg_sleep(0.01)');
    await store.append(freshStream(), [anEvent(), anEvent()], 'no-stream');
    const open = await store.openAppends?.();
    expect(open).toMatchObject({ given: 3n, settled: 0n });
    expect(open?.oldestSeconds).toBeGreaterThan(0);
    await writer.query('rollback');
    writer.release();
    expect(await store.openAppends?.()).toEqual({ given: 3n, settled: 3n, oldestSeconds: 0 });
  });
});
