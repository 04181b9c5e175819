import type { PartitionLease } from '@runledger/event-store';
import { JointCheckpoints } from './joint-checkpoints.js';
import { MemoryLog } from './memory-log.fixture.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { CountedCheckpoints, TestCheckpoints } from './test-checkpoints.fixture.js';

describe('checkpoints that the reactors of one process write', () => {
  let database: TestCheckpoints;
  let checkpoints: CountedCheckpoints;
  let joint: JointCheckpoints;

  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    const log = new MemoryLog();
    log.append({}, {}, {});
    checkpoints = await database.of(log);
    joint = new JointCheckpoints(checkpoints.partitions);
  });
  afterAll(() => database.close());

  /** The first partition of each of these reactors. */
  async function leasesOf(...names: readonly string[]): Promise<PartitionLease[]> {
    const consumers = names.map(name => ({ consumer: `reactor/${name}`, version: 1 }));
    for (const { consumer, version } of consumers) await checkpoints.partitions.prepare(consumer, version);
    const beat = { member: 'ada', ttlMs: 60_000, consumers, joining: true };
    const standings = (await checkpoints.partitions.heartbeat(beat)) ?? [];
    return standings.flatMap(({ leases }) => leases.filter(({ partition }) => partition === 0));
  }

  const moveTo = (position: bigint) => (lease: PartitionLease) => joint.advance([{ lease, position }]);
  const stored = async ({ consumer }: PartitionLease) =>
    (await checkpoints.partitions.read(consumer, 1)).find(({ partition }) => partition === 0)?.position;

  it('are written in one statement, and each hears of its own', async () => {
    const leases = await leasesOf('charges', 'gates', 'silence');
    const moved = await Promise.all(leases.map(moveTo(2n)));
    expect(checkpoints.writes()).toBe(1);
    expect(moved).toEqual(leases.map(lease => [{ ...lease, position: 2n }]));
  });

  it('are written time and again, also those of a single one', async () => {
    const [lease] = (await leasesOf('charges')) as [PartitionLease];
    const [first = lease] = await moveTo(1n)(lease);
    const [second] = await moveTo(2n)(first);
    expect([second?.position, await stored(lease), checkpoints.writes()]).toEqual([2n, 2n, 2]);
  });

  it('fail for one who is alone and has lost its partition, and are not tried again', async () => {
    const [lease] = (await leasesOf('charges')) as [PartitionLease];
    await expect(moveTo(1n)({ ...lease, epoch: lease.epoch - 1 })).rejects.toMatchObject({ code: 'FENCED' });
    expect(await stored(lease)).toBe(0n);
  });

  it('are written all the same when one of them has lost its partition', async () => {
    const [charges, gates] = (await leasesOf('charges', 'gates')) as [PartitionLease, PartitionLease];
    const outdated = { ...gates, epoch: gates.epoch - 1 };
    const [first, second] = await Promise.allSettled([charges, outdated].map(moveTo(3n)));
    expect(first).toMatchObject({ status: 'fulfilled', value: [{ position: 3n }] });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'FENCED' } });
    expect([await stored(charges), await stored(gates)]).toEqual([3n, 0n]);
  });

  it('are each told when nothing could be written', async () => {
    checkpoints.failures.push(new Error('the database is away'));
    const outcomes = await Promise.allSettled((await leasesOf('charges', 'gates')).map(moveTo(2n)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(checkpoints.writes()).toBe(0);
  });
});
