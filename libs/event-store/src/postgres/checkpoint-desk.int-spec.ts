import { events, freshStream } from '../contract/contract-world.js';
import { CheckpointDesk } from './checkpoint-desk.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

let under: PostgresUnderTest;
let checkpoints: PostgresCheckpoints;
let desk: CheckpointDesk;
beforeAll(async () => {
  under = await openPostgres();
  checkpoints = new PostgresCheckpoints(under.pool);
  desk = new CheckpointDesk(under.pool, under.store);
  await under.store.append(freshStream(), events(10), 'no-stream');
});
afterAll(() => under.close());

const stateOf = async (consumer: string) =>
  (await desk.list()).checkpoints.filter(standing => standing.consumer === consumer).map(({ state }) => state);

describe('the desk of the checkpoints', () => {
  it('tells those that fit from those that are ahead of the log or of another one', async () => {
    const lease = await checkpoints.acquire('reactor/fits', 1, 'ada');
    await checkpoints.advance(lease, await under.store.head());
    await checkpoints.partitions.prepare('reactor/ahead', 1, 2);
    await under.pool.query(
      `update runledger.partition_checkpoint set position = 11 where consumer = 'reactor/ahead' and partition = 1`,
    );
    await checkpoints.acquire('reactor/other', 1, 'ada');
    await under.pool.query(
      `update runledger.checkpoint set store_epoch = gen_random_uuid() where consumer = 'reactor/other'`,
    );
    expect(await stateOf('reactor/fits')).toEqual(['fits']);
    expect(await stateOf('reactor/ahead')).toEqual(['fits', 'ahead']);
    expect(await stateOf('reactor/other')).toEqual(['other-log']);
    expect((await desk.list()).head).toBe(await under.store.head());
  });

  it('puts a consumer to the first event, and fences off who had it (R3)', async () => {
    const lease = await checkpoints.acquire('reactor/moved', 1, 'ada');
    const moved = await checkpoints.advance(lease, 7n);
    expect(await desk.reset('reactor/moved')).toEqual({ checkpoints: 1, parkedEvents: 0 });
    await expect(checkpoints.advance(moved, 8n)).rejects.toMatchObject({ code: 'FENCED' });
    expect((await checkpoints.acquire('reactor/moved', 1, 'eve')).position).toBe(0n);
  });

  it('resets what the program would not start on, so that it does', async () => {
    await expect(checkpoints.partitions.prepare('reactor/ahead', 1, 2)).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await expect(checkpoints.acquire('reactor/other', 1, 'eve')).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    expect((await desk.reset('reactor/ahead')).checkpoints).toBe(2);
    await desk.reset('reactor/other');
    await expect(checkpoints.partitions.prepare('reactor/ahead', 1, 2)).resolves.toBeUndefined();
    expect((await checkpoints.acquire('reactor/other', 1, 'eve')).position).toBe(0n);
  });

  it('touches no consumer that is at work, and names who works on it', async () => {
    await checkpoints.acquire('reactor/busy', 1, 'ada');
    await under.pool.query(
      `insert into runledger.member (id, consumers, expires_at)
       values ('host:7', '{reactor/busy@1}', now() + interval '1 minute')`,
    );
    await expect(desk.reset('reactor/busy')).rejects.toMatchObject({
      code: 'CONSUMER_AT_WORK',
      fields: { members: ['host:7'] },
    });
    await under.pool.query(`update runledger.member set expires_at = now() - interval '1 second'`);
    expect((await desk.reset('reactor/busy')).checkpoints).toBe(1);
  });

  it('says which consumers there are when asked for another one', async () => {
    await expect(desk.reset('reactor/nobody')).rejects.toMatchObject({
      code: 'UNKNOWN_CONSUMER',
      message: expect.stringContaining('reactor/fits') as string,
    });
  });
});
