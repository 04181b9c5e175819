import { anEvent, freshStream } from '../contract/contract-world.js';
import type { ParkedEvent } from '../parked-events.js';
import type { PartitionLease } from '../partitions.js';
import { partitionOf } from '../partitions.js';
import type { RecordedEvent } from '../port.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

const BROKEN = { attempts: 5, failingForMs: 1_500, code: 'BROKEN', message: 'the printer is on fire' };
const RUN = 'run_parked';

let under: PostgresUnderTest;
let checkpoints: PostgresCheckpoints;
let lease: PartitionLease;
let events: readonly RecordedEvent[];
let consumer: string;

beforeAll(async () => {
  under = await openPostgres();
  checkpoints = new PostgresCheckpoints(under.pool);
  for (let n = 0; n < 4; n += 1) {
    await under.store.append(
      freshStream(),
      [anEvent({ correlationId: RUN, data: { n, text: '\u0000"ä' } })],
      'no-stream',
    );
  }
  ({ events } = await under.store.readAll({ after: 0n }));
});
afterAll(() => under.close());
beforeEach(async () => {
  consumer = `reactor/${expect.getState().currentTestName}`;
  await checkpoints.partitions.prepare(consumer, 1);
  lease = await take('ada');
});
afterEach(() => under.pool.query('delete from runledger.member'));

/** The partition of the run, taken over from whoever has it. */
async function take(member: string): Promise<PartitionLease> {
  const consumers = [{ consumer, version: 1 }];
  const beat = { member, ttlMs: 60_000, consumers, joining: true, seizing: consumers };
  return (await checkpoints.partitions.heartbeat(beat))![0]!.leases[partitionOf(RUN)]!;
}

const park = (n: number, by = lease) => checkpoints.parking.park(by, RUN, events[n]!, n === 0 ? BROKEN : undefined);
const listed = () => checkpoints.parked.list({ consumer });
const queue = async () => (await checkpoints.parking.queues([lease]))[0];
const idOf = (n: number) => `${consumer}@1:${events[n]!.position}`;

describe('an event that was set aside', () => {
  it('is kept as it came, with why it failed; what follows waits behind it', async () => {
    await park(0);
    await park(1);
    const [first, second] = (await listed()) as [ParkedEvent, ParkedEvent];
    expect(first).toMatchObject({ id: idOf(0), state: 'parked', runId: RUN, attempts: 5, eventId: events[0]!.id });
    expect(first.error).toMatchObject({ code: 'BROKEN', message: 'the printer is on fire' });
    expect(Date.parse(first.error!.lastAt) - Date.parse(first.error!.firstAt)).toBe(1_500);
    expect(second).toMatchObject({ id: idOf(1), state: 'waiting', attempts: 0 });
    expect(await checkpoints.parking.next(lease, RUN)).toEqual(events[0]);
    expect(await queue()).toEqual({
      ...{ partition: partitionOf(RUN), key: RUN, first: events[0]!.position, count: 2, wanted: false },
    });
  });

  it('stays as it is when it comes again (Q1)', async () => {
    await park(0);
    const before = await listed();
    await checkpoints.parking.park(lease, RUN, events[0]!, { ...BROKEN, message: 'another' });
    expect(await listed()).toEqual(before);
  });

  it('is set aside and taken up by who has the partition, and by nobody else (R3)', async () => {
    await park(0);
    const next = await take('bob');
    for (const late of [
      park(1),
      checkpoints.parking.done(lease, events[0]!.position),
      checkpoints.parking.failed(lease, events[0]!.position, BROKEN),
    ]) {
      await expect(late).rejects.toMatchObject({ code: 'FENCED', fields: { partitions: [partitionOf(RUN)] } });
    }
    expect((await listed()).map(({ state, attempts }) => [state, attempts])).toEqual([['parked', 5]]);
    await checkpoints.parking.done(next, events[0]!.position);
    expect(await listed()).toEqual([]);
  });

  it('is tried again when somebody asks, from the first of its queue', async () => {
    await park(0);
    await park(1);
    expect(await checkpoints.parked.requestRetry(idOf(1), { by: 'mem_ada' })).toMatchObject({ state: 'waiting' });
    expect((await listed())[0]!.retryRequested).toMatchObject({ by: 'mem_ada' });
    expect(await queue()).toMatchObject({ wanted: true });
    await checkpoints.parking.failed(lease, events[0]!.position, BROKEN);
    expect((await listed())[0]).toMatchObject({ state: 'parked', attempts: 10 });
    expect(await queue()).toMatchObject({ wanted: false });
  });

  it('lets its queue go on when it was dealt with although its process died right after', async () => {
    await park(0);
    await park(1);
    await checkpoints.parking.done(lease, events[0]!.position);
    expect(await queue()).toMatchObject({ first: events[1]!.position, count: 1, wanted: true });
  });

  it('is given up once, with who and why, and its queue goes on', async () => {
    await park(0);
    await park(1);
    await checkpoints.parked.discard(idOf(0), { by: 'mem_ada', reason: 'printed by hand' });
    const again = await checkpoints.parked.discard(idOf(0), { by: 'mem_eve', reason: 'me too' });
    expect(again).toMatchObject({ state: 'discarded', discarded: { by: 'mem_ada', reason: 'printed by hand' } });
    expect(await queue()).toMatchObject({ first: events[1]!.position, count: 1, wanted: true });
    await checkpoints.parking.done(lease, events[0]!.position);
    expect(await checkpoints.parked.list({ consumer, states: ['discarded'] })).toHaveLength(1);
  });

  it('is known as given up for as long as it may come again', async () => {
    await park(0);
    await checkpoints.parked.discard(idOf(0), { by: 'mem_ada', reason: 'printed by hand' });
    expect(await checkpoints.parking.discarded([lease])).toEqual([events[0]!.position]);
    await checkpoints.partitions.advance([{ lease, position: events[0]!.position }]);
    expect(await checkpoints.parking.discarded([lease])).toEqual([]);
  });

  it('is nobody’s of another tenant', async () => {
    await park(0);
    const theirs = { by: 'mem_eve', reason: 'mine', tenant: 'ws_other' };
    expect(await checkpoints.parked.requestRetry(idOf(0), theirs)).toBeUndefined();
    expect(await checkpoints.parked.discard(idOf(0), theirs)).toBeUndefined();
    expect(await checkpoints.parked.list({ consumer, tenant: 'ws_other' })).toEqual([]);
    expect((await listed())[0]).not.toHaveProperty('retryRequested');
    expect((await listed())[0]!.state).toBe('parked');
  });

  it('is listed page by page', async () => {
    for (const n of [0, 1, 2, 3]) await park(n);
    const first = await checkpoints.parked.list({ consumer, limit: 3 });
    const rest = await checkpoints.parked.list({ consumer, limit: 3, after: first.at(-1)!.id });
    expect([...first, ...rest].map(({ id }) => id)).toEqual([0, 1, 2, 3].map(idOf));
    expect(await checkpoints.parked.list({ after: 'no id' })).toEqual([]);
  });
});
