import type { RecordedEvent } from '../port.js';
import { RecentEvents } from './recent-events.js';

const all = () => true;

/** An event behind `bytes` of the log. */
function eventAt(position: bigint, bytes = 0): RecordedEvent {
  return { position, data: 'x'.repeat(bytes) } as RecordedEvent;
}

/** So many small events, at 1, 2, 3, … */
const small = (count: number) => Array.from({ length: count }, (_, n) => eventAt(BigInt(n + 1)));

describe('the newest stretch of the log of a server', () => {
  it('is not there before it has begun, and reaches from where it began to its end', () => {
    const recent = new RecentEvents();
    expect([recent.hasBegun, recent.read(0n, 10, all)]).toEqual([false, undefined]);
    recent.begin(5n);
    expect(recent.read(4n, 10, all)).toBeUndefined();
    expect(recent.read(5n, 10, all)).toEqual({ events: [], scannedTo: 5n, toEnd: true });
    recent.push([eventAt(7n), eventAt(9n)]);
    expect(recent.read(7n, 10, all)).toEqual({ events: [eventAt(9n)], scannedTo: 9n, toEnd: true });
    expect(recent.read(5n, 1, all)).toEqual({ events: [eventAt(7n)], scannedTo: 7n, toEnd: false });
    recent.forget();
    expect([recent.hasBegun, recent.to, recent.read(9n, 10, all)]).toEqual([false, 0n, undefined]);
  });

  it('is ten thousand events long at most, of which none is lost', () => {
    const recent = new RecentEvents();
    recent.begin(0n);
    for (const event of small(12_500)) recent.push([event]);
    expect(recent.read(2_499n, 20_000, all)).toBeUndefined();
    const page = recent.read(2_500n, 20_000, all);
    expect([page?.events.length, page?.events[0]?.position, page?.scannedTo]).toEqual([10_000, 2_501n, 12_500n]);
    expect(recent.read(7_777n, 2, all)?.events).toEqual([eventAt(7_778n), eventAt(7_779n)]);
  });

  it('takes no more memory than it may, and is as long as ever once what was large is gone', () => {
    const recent = new RecentEvents();
    recent.begin(0n);
    const large = [1n, 2n, 3n].map(n => eventAt(n * 15_000_000n, 15_000_000));
    recent.push(large.slice(0, 2));
    expect(recent.read(0n, 10, all)?.events).toHaveLength(2);
    recent.push(large.slice(2));
    expect(recent.read(0n, 10, all)).toBeUndefined();
    expect(recent.read(15_000_000n, 10, all)?.events).toHaveLength(2);
    const later = Array.from({ length: 9_990 }, (_, n) => eventAt(45_000_001n + BigInt(n)));
    recent.push([eventAt(45_000_000n), ...later]);
    expect(recent.read(15_000_000n, 20_000, all)?.events).toHaveLength(9_993);
  });
});
