import { ChargeRecorded, RunCompleted } from '@runledger/contracts';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { defineConsumer } from '../index.js';
import { testConsumer } from './test-consumer.js';
import type { ConsumerSpec } from './test-consumer.js';

const completed = (runId: string) => RunCompleted({ runId, completedAt: '2026-11-21T10:00:00.000Z' });
const KEYS = 'select run, key from done order by key';

describe('the rule book of a consumer', () => {
  const consumer = defineConsumer({
    name: 'done-runs',
    events: ['RunCompleted', 'RunFailed'],
    handle: async (event, effects) => {
      if (event.type === 'RunFailed') throw new Error(`nobody expects ${event.data.runId} to fail`);
      const values = [event.data.runId, effects.idempotencyKey()];
      await effects.query('insert into done (run, key) values ($1, $2) on conflict do nothing', values);
    },
  });
  let database: TestDatabase;
  let spec: ConsumerSpec<'RunCompleted' | 'RunFailed'>;

  beforeAll(async () => {
    database = await testDatabase();
    const migrations = [{ name: '0001-done', sql: 'create table done (run text primary key, key uuid not null)' }];
    spec = await testConsumer(consumer, { url: database.url, migrations });
  });
  afterAll(async () => {
    await spec.close();
    await database.drop();
  });

  it('tells what the rows are after events, each time from empty tables', async () => {
    await spec.given(completed('run_1')).thenRows('select run from done', { run: 'run_1' });
    const both = spec.given(completed('run_1')).when(completed('run_2'));
    await both.thenRows('select run from done order by run', { run: 'run_1' }, { run: 'run_2' });
    await spec.given().thenRows(KEYS);
  });

  it('gives an event the same key each time', async () => {
    const keys: string[] = [];
    for (const _time of [1, 2]) {
      await expect(spec.given(completed('run_1')).thenRows(KEYS)).rejects.toThrow('done-runs has other rows');
      await spec
        .given(completed('run_1'))
        .thenRows(KEYS)
        .catch((error: unknown) => keys.push((error as Error).message));
    }
    expect(keys[0]).toMatch(/"key":"[0-9a-f-]{36}"/);
    expect(keys[0]).toBe(keys[1]);
  });

  it('tells how a consumer fails', async () => {
    const failed = { type: 'RunFailed', data: { runId: 'run_1', reason: 'STEP_FAILED', failedAt: '' } } as const;
    await expect(spec.given(failed as never).thenFails('nobody')).rejects.toThrow(/failedAt|reason/);
    await expect(spec.given(completed('run_1')).thenFails('nobody')).rejects.toThrow('it was expected to fail');
  });

  it('takes no event that the consumer does not consume', async () => {
    const charge = ChargeRecorded({} as never);
    await expect(spec.given(charge as never).thenRows(KEYS)).rejects.toThrow('does not consume ChargeRecorded');
  });
});
