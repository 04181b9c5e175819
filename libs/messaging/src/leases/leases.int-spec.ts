import { eventually } from '@runledger/testing';
import { testCheckpoints } from '../test-checkpoints.fixture.js';
import type { TestCheckpoints } from '../test-checkpoints.fixture.js';
import { LeasesWorld, Recorder } from './leases.fixture.js';

const ALL = Array.from({ length: 16 }, (_, n) => n);

describe('the leases of a process', () => {
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

  it('are everything while it is alone', async () => {
    const ada = await world.join(world.newLeases());
    expect([...ada.has]).toEqual(ALL);
    expect(ada.seat?.valid).toBe(true);
  });

  it('come to a new process once nothing is under way for them', async () => {
    let done = (): void => undefined;
    const ada = await world.join(world.newLeases());
    ada.underWay = new Promise(resolve => (done = resolve));
    const bob = await world.join(world.newLeases());
    await eventually(() => expect(ada.told).toContain('hands over'));
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(bob.has.size).toBe(0);
    done();
    await eventually(() => expect([ada.has.size, bob.has.size]).toEqual([8, 8]));
    expect([...ada.has].filter(partition => bob.has.has(partition))).toEqual([]);
    expect(ada.told).toEqual(['granted', 'hands over']);
  });

  it('are shared though the database has left it unanswered once that some were given up', async () => {
    let asked = 0;
    const givingUp = () => ((asked += 1) === 1 ? new Promise<void>(() => undefined) : Promise.resolve());
    const ada = await world.join(world.newLeases({ ttlMs: 1_000 }, undefined, givingUp));
    const bob = await world.join(world.newLeases({ ttlMs: 1_000 }));
    await eventually(() =>
      expect([asked > 0, ada.seat?.valid, ada.has.size, bob.has.size]).toEqual([true, true, 8, 8]),
    );
    expect([...ada.has].filter(partition => bob.has.has(partition))).toEqual([]);
  });

  it('are free for others as soon as it leaves', async () => {
    const ada = await world.join(world.newLeases());
    const bob = await world.join(world.newLeases());
    await ada.seat?.leave();
    await eventually(() => expect(bob.has.size).toBe(16));
  });

  it('are all taken at once by the only process of its kind, and lost for good to the next one', async () => {
    const ada = await world.join(world.newLeases({ sharing: 'sole' }));
    const bob = await world.join(world.newLeases({ sharing: 'sole' }));
    expect(bob.has.size).toBe(16);
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost for good']));
  });

  it('are one for a consumer that needs the whole order', async () => {
    const ada = await world.join(world.newLeases(), new Recorder('reactor/whole', 1));
    const standby = await world.join(world.newLeases(), new Recorder('reactor/whole', 1));
    expect([[...ada.has], [...standby.has]]).toEqual([[0], []]);
    await ada.seat?.leave();
    await eventually(() => expect([...standby.has]).toEqual([0]));
  });

  it('are shared one by one where there are few', async () => {
    const ada = await world.join(world.newLeases(), new Recorder('reactor/two', 2));
    const bob = await world.join(world.newLeases(), new Recorder('reactor/two', 2));
    await eventually(() => expect([[...ada.has], [...bob.has]]).toEqual([[0], [1]]));
  });

  it('of many consumers are kept with one statement', async () => {
    const leases = world.newLeases();
    const consumers = ['a', 'b', 'c'].map(name => new Recorder(`reactor/${name}`));
    for (const consumer of consumers) await world.join(leases, consumer);
    const [told] = (await database.pool.query('select consumers from runledger.member')).rows;
    expect(told).toEqual({ consumers: ['reactor/a@1', 'reactor/b@1', 'reactor/c@1'] });
    expect(consumers.map(({ has }) => has.size)).toEqual([16, 16, 16]);
  });

  it('of consumers that join while a heartbeat is under way come with one more for all of them', async () => {
    let beats = 0;
    let answer = (): void => undefined;
    const first = new Promise<void>(resolve => (answer = resolve));
    const leases = world.newLeases({ heartbeatMs: 60_000 }, () => ((beats += 1) === 1 ? first : Promise.resolve()));
    const consumers = Array.from({ length: 12 }, (_, n) => new Recorder(`reactor/${n}`));
    const joining = Promise.all(consumers.map(consumer => world.join(leases, consumer)));
    const prepared = 'select count(distinct consumer)::int as n from runledger.partition_checkpoint';
    await eventually(async () => expect((await database.pool.query(prepared)).rows).toEqual([{ n: 12 }]));
    answer();
    await joining;
    expect(consumers.map(({ has }) => has.size)).toEqual(consumers.map(() => 16));
    expect(beats).toBeLessThan(consumers.length); // two, unless the database keeps the last of them waiting
  });

  it('are refused when the checkpoints do not fit the log', async () => {
    world.log.append({}, {});
    const ada = await world.join(world.newLeases());
    await ada.seat?.leave();
    await database.pool.query('update runledger.partition_checkpoint set position = 99');
    world.log.readAll = () => Promise.reject(Object.assign(new Error('the log ends before'), { code: 'LOG_BEHIND' }));
    await expect(world.join(world.newLeases())).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });
});
