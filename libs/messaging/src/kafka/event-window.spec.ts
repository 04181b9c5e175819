import type { RecordedEvent } from '@runledger/event-store';
import fc from 'fast-check';
import { MemoryLog } from '../memory-log.fixture.js';
import { EventWindow } from './event-window.js';

const all = () => true;

/** Events at 1, 4, 7, … */
function eventsOf(count: number) {
  const log = new MemoryLog();
  log.append(...Array.from({ length: count }, (_, n) => ({ type: n % 2 ? 'Odd' : 'Even' })));
  return log.events;
}

describe('the newest stretch of the log', () => {
  it('gives every event after a position that it still has, and says when it does not reach back', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 3_000 }),
      kept: fc.integer({ min: 1, max: 200 }),
      after: fc.integer({ min: 0, max: 9_000 }),
      limit: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(cases, ({ count, kept, after, limit }) => {
        const events = eventsOf(count);
        const window = new EventWindow(0n, { events: kept, bytes: Infinity });
        for (const event of events) window.push(event, 1);
        const floor = events.length > kept ? events[events.length - kept - 1]!.position : 0n;
        const page = window.read(BigInt(after), limit, all);
        if (after < floor) expect(page).toBeUndefined();
        else expect(page?.events).toEqual(events.filter(event => event.position > after).slice(0, limit));
      }),
      { numRuns: 60 },
    );
  });

  it('is read in pages of matching events without missing one', () => {
    const events = eventsOf(100);
    const window = new EventWindow(0n, { events: 1_000, bytes: Infinity });
    for (const event of events) window.push(event, 1);
    const seen: bigint[] = [];
    let [after, atTop] = [0n, false];
    while (!atTop) {
      const page = window.read(after, 3, event => event.type === 'Odd')!;
      seen.push(...page.events.map(event => event.position));
      [after, atTop] = [page.scannedTo, page.atTop];
    }
    expect(seen).toEqual(events.filter(event => event.type === 'Odd').map(event => event.position));
    expect(after).toBe(events.at(-1)!.position);
  });

  it('keeps no more bytes than it may', () => {
    const window = new EventWindow(0n, { events: 1_000, bytes: 250 });
    for (const event of eventsOf(10)) window.push(event, 100);
    expect(window.read(19n, 10, all)).toBeUndefined();
    expect(window.read(22n, 10, all)?.events).toHaveLength(2);
  });

  it('has nothing for those who are ahead of it, and leaves their place alone', () => {
    const window = new EventWindow(5n, { events: 10, bytes: Infinity });
    expect(window.read(9n, 10, all)).toEqual({ events: [], scannedTo: 9n, atTop: true });
  });

  it('is read to its top, where nothing is behind its last event', () => {
    const window = new EventWindow(0n, { events: 10, bytes: Infinity });
    for (const event of eventsOf(2)) window.push(event, 1); // at 1 and 4
    window.passTo(9n);
    for (const after of [4n, 7n])
      expect(window.read(after, 10, all)).toEqual({ events: [], scannedTo: 9n, atTop: true });
    expect(window.read(1n, 10, () => false)).toEqual({ events: [], scannedTo: 9n, atTop: true });
    expect(window.read(0n, 1, all)).toMatchObject({ events: [{ position: 1n }], scannedTo: 1n, atTop: false });
    window.passTo(3n);
    expect([window.top, window.end]).toEqual([9n, 9n]);
  });

  it('wakes those whom an event concerns, and lets the others have it behind them asleep', async () => {
    const events = eventsOf(4); // Even at 1, Odd at 4, Even at 7, Odd at 10
    const window = new EventWindow(0n, { events: 2, bytes: Infinity });
    const odd = window.follow({ matches: event => event.type === 'Odd', after: 0n });
    const waiting = odd.next(window.version, false);
    for (const event of events.slice(0, 2)) window.push(event, 1);
    await waiting;
    expect(odd.position).toBe(1n);

    const leaving = window.follow({ matches: () => false, after: 4n });
    const left = leaving.next(window.version, false);
    for (const event of events.slice(2)) window.push(event, 1);
    leaving.wake();
    await left;
    // It slept through more than the window keeps, and still needs nothing from the store.
    expect(leaving.position).toBe(10n);
    expect(window.read(leaving.position, 10, all)).toEqual({ events: [], scannedTo: 10n, atTop: true });
    for (const follower of [odd, leaving]) window.unfollow(follower);
  });

  it('sends those to look who are not where it ended before', async () => {
    const window = new EventWindow(0n, { events: 10, bytes: Infinity });
    const [first, second] = eventsOf(2) as [RecordedEvent, RecordedEvent];
    window.push(first, 1);
    const behind = window.follow({ matches: () => false, after: 0n });
    const woken = behind.next(window.version, false);
    window.push(second, 1);
    await woken;
    expect(behind.position).toBe(0n);
    window.unfollow(behind);
  });
});
