import fc from 'fast-check';
import { MemoryLog } from '../memory-log.fixture.js';
import { EventWindow } from './event-window.js';

const all = () => true;
const none = new AbortController().signal;

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

  it('wakes those who wait for the next event, and lets them go after their time or when they leave', async () => {
    const window = new EventWindow(0n, { events: 10, bytes: Infinity });
    const waiting = window.changed(window.version, none, undefined);
    window.push(eventsOf(1)[0]!, 1);
    await waiting;
    await window.changed(window.version, none, 5);
    const leaving = new AbortController();
    const left = window.changed(window.version, leaving.signal, undefined);
    leaving.abort();
    await left;
    expect(window.top).toBe(1n);
  });
});
