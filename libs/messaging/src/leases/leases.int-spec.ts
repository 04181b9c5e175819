import { PostgresCheckpoints } from '@runledger/event-store';
import type { PartitionLease } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { MemoryLog } from '../memory-log.fixture.js';
import { testCheckpoints } from '../test-checkpoints.fixture.js';
import type { TestCheckpoints } from '../test-checkpoints.fixture.js';
import type { Claimant, Seat } from './claimant.js';
import { Leases } from './leases.js';
import type { LeasesOptions } from './leases.js';

const ALL = Array.from({ length: 16 }, (_, n) => n);

/** A consumer that remembers what it was told. */
class Recorder implements Claimant {
  readonly version = 1;
  readonly has = new Set<number>();
  readonly told: string[] = [];
  seat: Seat | undefined;
  /** What `handOver` waits for. */
  underWay: Promise<void> = Promise.resolve();
  /** As it has moved them itself. */
  places: readonly PartitionLease[] = [];

  constructor(
    readonly consumer = 'reactor/r',
    readonly parts = 16,
  ) {}

  granted(leases: readonly PartitionLease[]): void {
    this.told.push('granted');
    for (const { partition } of leases) this.has.add(partition);
    this.places = leases;
  }

  lost(partitions: readonly number[], forGood: boolean): void {
    this.told.push(forGood ? 'lost for good' : 'lost');
    for (const partition of partitions) this.has.delete(partition);
  }

  async handOver(partitions: readonly number[]): Promise<void> {
    this.told.push('hands over');
    await this.underWay;
    for (const partition of partitions) this.has.delete(partition);
  }

  moved(): readonly PartitionLease[] {
    return this.places;
  }

  forgotten(leases: readonly PartitionLease[]): void {
    for (const { partition, position } of leases) this.told.push(`${partition} went back to ${position}`);
    this.places = this.places.map(place => leases.find(({ partition }) => partition === place.partition) ?? place);
  }
}

describe('the leases of a process', () => {
  let database: TestCheckpoints;
  let log: MemoryLog;
  let all: Leases[];
  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    [log, all] = [new MemoryLog(), []];
    await database.of(log);
  });
  afterEach(() => Promise.all(all.map(leases => leases.stop())));
  afterAll(() => database.close());

  /** A process; its heartbeats can be answered late, or never, and so can what it gives up. */
  function newLeases(
    options: Partial<LeasesOptions> = {},
    delay = () => Promise.resolve(),
    givingUp = () => Promise.resolve(),
  ): Leases {
    const query = async (text: string, values?: unknown[]) => {
      if (text.includes('heartbeat')) await delay();
      if (text.includes('set owner = null')) await givingUp();
      return database.pool.query<Record<string, unknown>>(text, values);
    };
    const slow = new PostgresCheckpoints({ query }, { log });
    const quick = { ttlMs: 60_000, heartbeatMs: 40, retry: { attempts: 2, firstDelayMs: 5 } };
    const leases = new Leases(slow, { owner: `p${all.length}`, sharing: 'shared', ...quick, ...options });
    all.push(leases);
    return leases;
  }

  const join = async (leases: Leases, claimant = new Recorder()): Promise<Recorder> => {
    claimant.seat = await leases.join(claimant);
    return claimant;
  };

  it('are everything while it is alone', async () => {
    const ada = await join(newLeases());
    expect([...ada.has]).toEqual(ALL);
    expect(ada.seat?.valid).toBe(true);
  });

  it('come to a new process once nothing is under way for them', async () => {
    let done = (): void => undefined;
    const ada = await join(newLeases());
    ada.underWay = new Promise(resolve => (done = resolve));
    const bob = await join(newLeases());
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
    const ada = await join(newLeases({ ttlMs: 1_000 }, undefined, givingUp));
    const bob = await join(newLeases({ ttlMs: 1_000 }));
    await eventually(() =>
      expect([asked > 0, ada.seat?.valid, ada.has.size, bob.has.size]).toEqual([true, true, 8, 8]),
    );
    expect([...ada.has].filter(partition => bob.has.has(partition))).toEqual([]);
  });

  it('are free for others as soon as it leaves', async () => {
    const ada = await join(newLeases());
    const bob = await join(newLeases());
    await ada.seat?.leave();
    await eventually(() => expect(bob.has.size).toBe(16));
  });

  it('are not valid while the database does not answer, and go on when it answers in time for the others', async () => {
    let answer = Promise.resolve();
    let hang = (): void => undefined;
    const ada = await join(newLeases({ ttlMs: 400 }, () => answer));
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
    const ada = await join(newLeases({ ttlMs: 400 }, () => answer));
    const bob = await join(newLeases());
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
    const ada = await join(newLeases());
    const before = new Map(ada.places.map(({ partition, epoch }) => [partition, epoch]));
    await database.pool.query('delete from runledger.member');
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost', 'granted']));
    // What it had begun before could still be written under the old ones.
    expect(ada.places.filter(({ partition, epoch }) => epoch > (before.get(partition) ?? 0))).toHaveLength(16);
  });

  it('are found out about at once when a write was refused', async () => {
    const ada = await join(newLeases({ heartbeatMs: 60_000 }));
    await database.pool.query(`update runledger.partition_checkpoint set owner = 'another', epoch = epoch + 1`);
    await database.pool.query(`insert into runledger.member values ('another', '{}', now(), now() + interval '1 min')`);
    ada.seat?.doubt();
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost']));
    expect(ada.has.size).toBe(0);
  });

  it('tell once that a database has forgotten moves, and of which partitions', async () => {
    const ada = await join(newLeases());
    const { partitions } = new PostgresCheckpoints(database.pool);
    ada.places = await partitions.advance(ada.places.map(lease => ({ lease, position: 9n })));
    await database.pool.query('update runledger.partition_checkpoint set position = 4 where partition = 3');
    await eventually(() => expect(ada.told).toEqual(['granted', '3 went back to 4']));
    ada.seat?.doubt();
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(ada.told).toHaveLength(2);
  });

  it('are all taken at once by the only process of its kind, and lost for good to the next one', async () => {
    const ada = await join(newLeases({ sharing: 'sole' }));
    const bob = await join(newLeases({ sharing: 'sole' }));
    expect(bob.has.size).toBe(16);
    await eventually(() => expect(ada.told).toEqual(['granted', 'lost for good']));
  });

  it('of the only process of its kind are its own again after others found it dead that do something else', async () => {
    let answer = Promise.resolve();
    let hang = (): void => undefined;
    const ada = await join(newLeases({ sharing: 'sole', ttlMs: 400 }, () => answer));
    await join(newLeases(), new Recorder('reactor/another'));
    answer = new Promise(resolve => (hang = resolve));
    const members = async () => (await database.pool.query('select from runledger.member')).rows.length;
    await eventually(async () => expect(await members()).toBe(1));
    answer = Promise.resolve();
    hang();
    await eventually(() => expect([ada.told, ada.has.size]).toEqual([['granted', 'lost', 'granted'], 16]));
  });

  it('are one for a consumer that needs the whole order', async () => {
    const ada = await join(newLeases(), new Recorder('reactor/whole', 1));
    const standby = await join(newLeases(), new Recorder('reactor/whole', 1));
    expect([[...ada.has], [...standby.has]]).toEqual([[0], []]);
    await ada.seat?.leave();
    await eventually(() => expect([...standby.has]).toEqual([0]));
  });

  it('are shared one by one where there are few', async () => {
    const ada = await join(newLeases(), new Recorder('reactor/two', 2));
    const bob = await join(newLeases(), new Recorder('reactor/two', 2));
    await eventually(() => expect([[...ada.has], [...bob.has]]).toEqual([[0], [1]]));
  });

  it('of many consumers are kept with one statement', async () => {
    const leases = newLeases();
    const consumers = ['a', 'b', 'c'].map(name => new Recorder(`reactor/${name}`));
    for (const consumer of consumers) await join(leases, consumer);
    const [told] = (await database.pool.query('select consumers from runledger.member')).rows;
    expect(told).toEqual({ consumers: ['reactor/a@1', 'reactor/b@1', 'reactor/c@1'] });
    expect(consumers.map(({ has }) => has.size)).toEqual([16, 16, 16]);
  });

  it('of consumers that join while a heartbeat is under way come with one more for all of them', async () => {
    let beats = 0;
    let answer = (): void => undefined;
    const first = new Promise<void>(resolve => (answer = resolve));
    const leases = newLeases({ heartbeatMs: 60_000 }, () => ((beats += 1) === 1 ? first : Promise.resolve()));
    const consumers = Array.from({ length: 12 }, (_, n) => new Recorder(`reactor/${n}`));
    const joining = Promise.all(consumers.map(consumer => join(leases, consumer)));
    const prepared = 'select count(distinct consumer)::int as n from runledger.partition_checkpoint';
    await eventually(async () => expect((await database.pool.query(prepared)).rows).toEqual([{ n: 12 }]));
    answer();
    await joining;
    expect(consumers.map(({ has }) => has.size)).toEqual(consumers.map(() => 16));
    expect(beats).toBeLessThan(consumers.length); // two, unless the database keeps the last of them waiting
  });

  it('are refused when the checkpoints do not fit the log', async () => {
    log.append({}, {});
    const ada = await join(newLeases());
    await ada.seat?.leave();
    await database.pool.query('update runledger.partition_checkpoint set position = 99');
    log.readAll = () => Promise.reject(Object.assign(new Error('the log ends before'), { code: 'LOG_BEHIND' }));
    await expect(join(newLeases())).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });
});
