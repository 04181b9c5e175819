import { PostgresCheckpoints } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { testCheckpoints } from '../test-checkpoints.fixture.js';
import type { TestCheckpoints } from '../test-checkpoints.fixture.js';
import { LeasesWorld, Recorder } from './leases.fixture.js';

describe('the leases of a process that cannot be sure of them', () => {
  let database: TestCheckpoints;
  let world: LeasesWorld;
  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    world = await LeasesWorld.on(database);
  });
  afterEach(() => world.end());
  afterAll(() => database.close());

  it('are not valid while the database does not answer, and go on when it answers in time for the others', async () => {
    let answer = Promise.resolve();
    let hang = (): void => undefined;
    const ada = await world.join(world.newLeases({ ttlMs: 400 }, () => answer));
    answer = new Promise(resolve => (hang = resolve));
    await eventually(() => expect(ada.seat?.valid).toBe(false));
    answer = Promise.resolve();
    hang();
    await ada.seat?.whenValid(new AbortController().signal);
    expect([ada.has.size, ada.told]).toEqual([16, ['granted']]);
  });

  it('are lost when it was silent for too long while others lived, and it takes part anew by itself', async () => {
    let answer = Promise.resolve();
    let hang = (): void => undefined;
    const ada = await world.join(world.newLeases({ ttlMs: 400 }, () => answer));
    const bob = await world.join(world.newLeases());
    await eventually(() => expect(bob.has.size).toBe(8));
    answer = new Promise(resolve => (hang = resolve));
    await eventually(() => expect(bob.has.size).toBe(16));
    expect(ada.seat?.valid).toBe(false);
    answer = Promise.resolve();
    hang();
    await ada.seat?.whenValid(new AbortController().signal);
    expect(ada.told).toContain('lost');
    await eventually(() => expect([ada.has.size, bob.has.size]).toEqual([8, 8]));
    expect([...ada.has].filter(partition => bob.has.has(partition))).toEqual([]);
  });

  it('are taken anew under new epochs by a process that was found dead before anybody took them (L1)', async () => {
    const ada = await world.join(world.newLeases());
    const before = new Map(ada.places.map(({ partition, epoch }) => [partition, epoch]));
    await database.pool.query('delete from runledger.member');
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost', 'granted']));
    // What it had begun before could still be written under the old ones.
    expect(ada.places.filter(({ partition, epoch }) => epoch > (before.get(partition) ?? 0))).toHaveLength(16);
  });

  it('are found out about at once when a write was refused', async () => {
    const ada = await world.join(world.newLeases({ heartbeatMs: 60_000 }));
    await database.pool.query(`update runledger.partition_checkpoint set owner = 'another', epoch = epoch + 1`);
    await database.pool.query(`insert into runledger.member values ('another', '{}', now(), now() + interval '1 min')`);
    ada.seat?.doubt();
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost']));
    expect(ada.has.size).toBe(0);
  });

  it('tell once that a database has forgotten moves, and of which partitions', async () => {
    const ada = await world.join(world.newLeases());
    const { partitions } = new PostgresCheckpoints(database.pool);
    ada.places = await partitions.advance(ada.places.map(lease => ({ lease, position: 9n })));
    await database.pool.query('update runledger.partition_checkpoint set position = 4 where partition = 3');
    await eventually(() => expect(ada.told).toEqual(['granted', '3 went back to 4']));
    ada.seat?.doubt();
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(ada.told).toHaveLength(2);
  });

  it('of the only process of its kind are its own again after others found it dead that do something else', async () => {
    let answer = Promise.resolve();
    let hang = (): void => undefined;
    const ada = await world.join(world.newLeases({ sharing: 'sole', ttlMs: 400 }, () => answer));
    await world.join(world.newLeases(), new Recorder('reactor/another'));
    answer = new Promise(resolve => (hang = resolve));
    const members = async () => (await database.pool.query('select from runledger.member')).rows.length;
    await eventually(async () => expect(await members()).toBe(1));
    answer = Promise.resolve();
    hang();
    await eventually(() => expect([ada.told, ada.has.size]).toEqual([['granted', 'lost', 'granted'], 16]));
  });
});
