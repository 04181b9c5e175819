import { eventually } from '@runledger/testing';
import { events, freshStream } from '../contract/contract-world.js';
import type { Heartbeat, PartitionLease } from '../partitions.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

let under: PostgresUnderTest;
let checkpoints: PostgresCheckpoints;
beforeAll(async () => {
  under = await openPostgres();
  checkpoints = new PostgresCheckpoints(under.pool);
  await under.store.append(freshStream(), events(20), 'no-stream');
});
afterAll(async () => {
  await under.close();
});

let consumer: string;
beforeEach(async () => {
  consumer = `reactor/${expect.getState().currentTestName}`;
  await checkpoints.partitions.prepare(consumer, 1);
});
afterEach(async () => {
  await under.pool.query('delete from runledger.member');
});

/** What this member has after a heartbeat; undefined when it was found dead. */
async function beat(member: string, more: Partial<Heartbeat> = {}): Promise<readonly PartitionLease[] | undefined> {
  const consumers = [{ consumer, version: 1 }];
  const joining = { member, ttlMs: 60_000, consumers, joining: true };
  return (await checkpoints.partitions.heartbeat({ ...joining, ...more }))?.[0]?.leases;
}

const having = async (member: string) => (await beat(member))?.map(({ partition }) => partition);
const expire = (member: string) =>
  under.pool.query(`update runledger.member set expires_at = now() - interval '1 ms' where id = $1`, [member]);
const owners = async () => (await checkpoints.partitions.read(consumer, 1)).map(({ owner }) => owner);
const ALL = Array.from({ length: 16 }, (_, n) => n);

describe('partitions', () => {
  it('all belong to a member that is alone, from the start of the log', async () => {
    const leases = await beat('ada');
    expect(leases?.map(({ partition }) => partition)).toEqual(ALL);
    expect(new Set(leases?.map(({ position, owner }) => `${position} ${owner}`))).toEqual(new Set(['0 ada']));
  });

  it('are shared out evenly as members come, once those before have given their surplus back', async () => {
    await beat('ada');
    expect(await having('bob')).toEqual([]);
    const [standing] = (await checkpoints.partitions.heartbeat({
      member: 'ada',
      ttlMs: 60_000,
      consumers: [{ consumer, version: 1 }],
      joining: false,
    }))!;
    expect(standing).toMatchObject({ members: 2, share: 8 });
    await checkpoints.partitions.release(standing!.leases.slice(standing!.share));
    expect(await having('bob')).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(await having('ada')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([1, 3, 5, 16, 20])('come out even with %i members', async count => {
    const members = Array.from({ length: count }, (_, n) => `member-${n}`);
    for (const member of members) await beat(member);
    await under.pool.query('update runledger.partition_checkpoint set owner = null where consumer = $1', [consumer]);
    const had = [];
    for (const member of members) had.push((await beat(member))?.length);
    expect(had.reduce<number>((sum, n) => sum + n!, 0)).toBe(16);
    expect(Math.max(...(had as number[])) - Math.min(...(had as number[]))).toBeLessThanOrEqual(1);
  });

  it('never have two owners when many take them at once', async () => {
    const members = Array.from({ length: 8 }, (_, n) => `racer-${n}`);
    const had = await Promise.all(members.map(member => beat(member)));
    await eventually(async () => {
      for (const member of members) await beat(member);
      expect((await owners()).every(owner => owner !== undefined)).toBe(true);
    });
    const taken = had.flat().map(lease => `${lease!.partition} ${lease!.epoch}`);
    expect(new Set(taken).size).toBe(taken.length);
  });

  it('of a member that fell silent are taken over, and it never comes back under its name (L1)', async () => {
    const before = await beat('ada');
    await beat('bob');
    await expire('ada');
    const after = await beat('bob', { joining: false });
    expect(after?.map(({ partition }) => partition)).toEqual(ALL);
    expect(after!.every(({ epoch }, n) => epoch > before![n]!.epoch)).toBe(true);
    expect(await beat('ada', { joining: false })).toBeUndefined();
    expect(await having('ada again')).toEqual([]);
  });

  it('of a member that died before the clock of the database was set back are taken over at once (L1)', async () => {
    await beat('ada');
    await beat('bob');
    await under.pool.query(`update runledger.member set expires_at = expires_at + interval '1 hour' where id = 'ada'`);
    expect(await having('bob')).toEqual(ALL);
    expect(await beat('ada', { joining: false })).toBeUndefined();
    expect(await having('ada again')).toEqual([]);
  });

  it('stay with a member that lives while the clock of the database is set back', async () => {
    await beat('ada');
    await under.pool.query(`update runledger.member set expires_at = expires_at + interval '1 hour' where id = 'ada'`);
    expect(await beat('ada', { joining: false })).toHaveLength(16);
    expect(await having('bob')).toEqual([]);
  });

  it('are given to nobody who would last for longer than a clock can be trusted', async () => {
    await expect(beat('ada', { ttlMs: 300_001 })).rejects.toThrow(RangeError);
    expect(await beat('ada', { ttlMs: 300_000 })).toHaveLength(16);
  });

  it('stay with a member that was late when nobody has noticed', async () => {
    await beat('ada');
    await expire('ada');
    expect(await beat('ada', { joining: false })).toHaveLength(16);
  });

  it('are free when their member leaves', async () => {
    await beat('ada');
    await checkpoints.partitions.leave('ada');
    expect(await owners()).toEqual(ALL.map(() => undefined));
    expect(await beat('bob')).toHaveLength(16);
  });

  it('can all be taken over at once by a member that is alone by decree', async () => {
    const before = await beat('ada');
    const after = await beat('bob', { seizing: [{ consumer, version: 1 }] });
    expect(after).toHaveLength(16);
    await expect(checkpoints.partitions.advance([{ lease: before![3]!, position: 1n }])).rejects.toMatchObject({
      code: 'FENCED',
    });
    expect(await beat('ada', { joining: false })).toEqual([]);
  });

  it('are one for a consumer that one member runs whole; who came first has it', async () => {
    const whole = [{ consumer: `${consumer}, whole`, version: 1 }];
    await checkpoints.partitions.prepare(`${consumer}, whole`, 1, 1);
    expect(await beat('ada', { consumers: whole })).toHaveLength(1);
    expect(await beat('bob', { consumers: whole })).toEqual([]);
    await checkpoints.partitions.leave('ada');
    expect(await beat('bob', { consumers: whole })).toHaveLength(1);
  });

  it('can be put elsewhere with the rows that belong to them, which fences their owners of any version (P2, R3)', async () => {
    const [lease] = (await beat('ada'))!;
    const moved = await checkpoints.partitions.advance([{ lease: lease!, position: 9n }]);
    const whole = await checkpoints.acquire(consumer, 7, 'eve');
    const client = await under.pool.connect();
    await client.query('begin');
    expect(new Set(await checkpoints.hold(consumer, client))).toEqual(new Set([0n, 9n]));
    const moving = checkpoints.partitions
      .advance([{ lease: moved[0]!, position: 10n }])
      .catch((error: unknown) => error);
    await checkpoints.replace({ consumer, version: 2, parts: 16, position: 12n }, client);
    await client.query('commit');
    client.release();
    expect(await moving).toMatchObject({ code: 'FENCED' });
    await expect(checkpoints.advance(whole, 1n)).rejects.toMatchObject({ code: 'FENCED' });
    const places = await checkpoints.partitions.read(consumer, 2);
    expect(places.map(({ position, owner }) => [position, owner])).toEqual(ALL.map(() => [12n, undefined]));
  });

  it('are left out while a stopped process holds their row, and taken later (L3)', async () => {
    const before = await beat('ada');
    const client = await under.pool.connect();
    await client.query('begin');
    await checkpoints.partitions.advance([{ lease: before![5]!, position: 3n }], client);
    await expire('ada');
    expect(await having('bob')).toEqual(ALL.filter(n => n !== 5));
    await client.query('commit');
    client.release();
    expect((await beat('bob', { joining: false }))?.[5]).toMatchObject({ partition: 5, position: 3n });
  });

  it('of several consumers are kept with one heartbeat', async () => {
    await checkpoints.partitions.prepare(`${consumer} too`, 2);
    const consumers = [
      { consumer: `${consumer} too`, version: 2 },
      { consumer, version: 1 },
    ];
    const all = await checkpoints.partitions.heartbeat({ member: 'ada', ttlMs: 60_000, consumers, joining: true });
    expect(new Map(all?.map(({ consumer: name, leases }) => [name, leases.length]))).toEqual(
      new Map([
        [consumer, 16],
        [`${consumer} too`, 16],
      ]),
    );
  });
});

describe('checkpoints of partitions', () => {
  it('move together and stay where they were moved', async () => {
    const leases = (await beat('ada'))!;
    const moved = await checkpoints.partitions.advance(leases.map((lease, n) => ({ lease, position: BigInt(n) })));
    await checkpoints.partitions.advance([{ lease: moved[2]!, position: 9n }]);
    const places = await checkpoints.partitions.read(consumer, 1);
    expect(places.map(({ position }) => Number(position))).toEqual(ALL.map(n => (n === 2 ? 9 : n)));
  });

  it('all stay when one of them was lost, and the fault names it (R3)', async () => {
    const old = (await beat('ada'))!;
    await checkpoints.partitions.release([old[1]!]);
    await beat('bob');
    await expire('ada');
    await beat('bob');
    const fenced = checkpoints.partitions.advance([
      { lease: old[0]!, position: 5n },
      { lease: (await beat('bob'))![1]!, position: 5n },
    ]);
    await expect(fenced).rejects.toMatchObject({ code: 'FENCED', fields: { partitions: [0] } });
    expect((await checkpoints.partitions.read(consumer, 1)).map(({ position }) => position)).toEqual(ALL.map(() => 0n));
  });

  it('move with the transaction that they are moved in, or not at all (P1)', async () => {
    const leases = (await beat('ada'))!;
    const client = await under.pool.connect();
    const move = () =>
      checkpoints.partitions.advance(
        leases.map(lease => ({ lease, position: 4n })),
        client,
      );
    await client.query('begin');
    await move();
    await client.query('rollback');
    await client.query('begin');
    const moved = await move();
    await client.query('commit');
    await client.query('begin');
    await expect(move()).rejects.toMatchObject({ code: 'FENCED' });
    await client.query('rollback');
    client.release();
    expect(new Set(moved.map(({ position }) => position))).toEqual(new Set([4n]));
  });

  it('never move back', async () => {
    const [lease] = (await beat('ada'))!;
    const [moved] = await checkpoints.partitions.advance([{ lease: lease!, position: 7n }]);
    await expect(checkpoints.partitions.advance([{ lease: moved!, position: 6n }])).rejects.toThrow(RangeError);
  });

  it('go on from where the consumer stood before it was split, and fence off who ran it', async () => {
    const whole = await checkpoints.advance(await checkpoints.acquire('reactor/old', 1, 'yesterday'), 8n);
    await checkpoints.partitions.prepare('reactor/old', 1);
    await checkpoints.partitions.prepare('reactor/old', 1);
    const places = await checkpoints.partitions.read('reactor/old', 1);
    expect(places.map(({ position }) => position)).toEqual(ALL.map(() => 8n));
    await expect(checkpoints.advance(whole, 9n)).rejects.toMatchObject({ code: 'FENCED' });
  });

  it('are refused when the log was restored from an older copy, or replaced', async () => {
    const head = await under.store.head();
    const [lease] = (await beat('ada'))!;
    await checkpoints.partitions.advance([{ lease: lease!, position: head }]);
    await under.pool.query(`select setval('runledger.gpos', 10)`);
    await expect(checkpoints.partitions.prepare(consumer, 1)).rejects.toMatchObject({ code: 'LOG_BEHIND' });
    await under.pool.query(`select setval('runledger.gpos', $1)`, [String(head)]);
    await checkpoints.partitions.prepare(consumer, 1);
    await under.pool.query('update runledger.store set epoch = gen_random_uuid()');
    await expect(checkpoints.partitions.prepare(consumer, 1)).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });

  it('are compared with the log that they speak of when that is elsewhere', async () => {
    const elsewhere = {
      identity: () => Promise.resolve('0198b2a4-7a31-7c55-b1d3-2f0f6f9a4d10'),
      head: () => Promise.resolve(1_000_000n),
      readAll: () => Promise.reject(new Error('not asked')),
    };
    const there = new PostgresCheckpoints(under.pool, { log: elsewhere }).partitions;
    await there.prepare('reactor/elsewhere', 1);
    await there.prepare('reactor/elsewhere', 1);
    await expect(checkpoints.partitions.prepare('reactor/elsewhere', 1)).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });
});
