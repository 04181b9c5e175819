import type { PartitionLease, RecordedEvent } from '@runledger/event-store';
import { Tenures } from './tenures.js';

const lease = (partition: number, epoch: number): PartitionLease => ({
  ...{ consumer: 'c', version: 1, owner: 'spec', position: 0n },
  ...{ partition, epoch },
});
const at = (position: bigint) => ({ position }) as RecordedEvent;

describe('what this process alone reacts to', () => {
  it('is what came after it had got the partition, however often it is asked', async () => {
    let head = 5n;
    const tenures = new Tenures({ head: () => Promise.resolve(head) });
    expect(tenures.covers(at(6n), lease(3, 1))).toBe(false);
    await tenures.note(lease(3, 1));
    head = 9n;
    await tenures.note(lease(3, 1));
    expect([5n, 6n].map(position => tenures.covers(at(position), lease(3, 1)))).toEqual([false, true]);
    expect(tenures.covers(at(6n), lease(4, 1))).toBe(false);
  });

  it('begins anew when another had the partition in between', async () => {
    let head = 5n;
    const tenures = new Tenures({ head: () => Promise.resolve(head) });
    await tenures.note(lease(3, 1));
    head = 9n;
    expect(tenures.covers(at(10n), lease(3, 2))).toBe(false);
    await tenures.note(lease(3, 2));
    expect([9n, 10n].map(position => tenures.covers(at(position), lease(3, 2)))).toEqual([false, true]);
    expect(tenures.covers(at(10n), lease(3, 1))).toBe(false);
  });

  it('is nothing without a lease', async () => {
    const tenures = new Tenures({ head: () => Promise.reject(new Error('It need not be asked.')) });
    await tenures.note(undefined);
    expect(tenures.covers(at(1n), undefined)).toBe(false);
  });
});
