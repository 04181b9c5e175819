import { jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { SharedPages } from './shared-pages.js';

/** A log of so many events at positions 1, 3, 5, ..., or `bytes` apart, and what was asked of its server. */
function logOf(count: number, bytes = 2) {
  const log = Array.from({ length: count }, (_, n) => eventAt(n, bytes));
  const brought: number[] = [];
  let failing = false;
  const reader = {
    page: async (after: Position, limit: number) => {
      await turn();
      if (failing) throw new Error('The server is away.');
      const behind = log.filter(({ position }) => position > after);
      const events = behind.slice(0, limit);
      brought.push(events.length);
      return { events, scannedTo: events.at(-1)?.position ?? after, atHead: behind.length <= limit };
    },
  };
  return {
    pages: new SharedPages(reader),
    brought: () => brought.reduce((sum, each) => sum + each, 0),
    calls: () => brought.length,
    append: () => log.push(eventAt(log.length)),
    fail: (value: boolean) => (failing = value),
  };
}

const eventAt = (n: number, bytes = 2) =>
  ({ position: BigInt(bytes * n + 1), data: { n } }) as unknown as RecordedEvent;

/** Goes over the log by pages of these sizes, again and again, and gives the positions that it saw. */
async function readThrough(pages: SharedPages, sizes: readonly number[]): Promise<Position[]> {
  const seen: Position[] = [];
  for (let [after, at, atHead] = [START, 0, false]; !atHead; at += 1) {
    const page = await pages.page(after, sizes[at % sizes.length] ?? 1);
    seen.push(...page.events.map(({ position }) => position));
    ({ scannedTo: after, atHead } = page);
  }
  return seen;
}

const positions = (count: number) => Array.from({ length: count }, (_, n) => BigInt(2 * n + 1));

describe('pages of the log that many read at once', () => {
  it('are brought once for all who go over them together', async () => {
    const { pages, brought } = logOf(20_000);
    const seen = await Promise.all(Array.from({ length: 20 }, () => readThrough(pages, [500])));
    for (const each of seen) expect(each).toEqual(positions(20_000));
    expect(brought()).toBeLessThanOrEqual(20_000 + 20 * 500); // the last page is brought for each
  });

  it('are the log to each reader, however large the pages that each asks for (E2)', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(sizes, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 200 }),
        async (readers, count) => {
          const { pages } = logOf(count);
          for (const seen of await Promise.all(readers.map(each => readThrough(pages, each)))) {
            expect(seen).toEqual(positions(count));
          }
        },
      ),
    );
  });

  it('never hide what has come since', async () => {
    const { pages, append } = logOf(10);
    expect(await readThrough(pages, [4])).toHaveLength(10);
    append();
    expect(await readThrough(pages, [4])).toEqual(positions(11));
  });

  it('are asked for again when one who was waited for was refused', async () => {
    const { pages, fail } = logOf(100);
    fail(true);
    const [one, other] = [pages.page(START, 10), pages.page(START, 10)];
    await expect(one).rejects.toThrow('The server is away.');
    fail(false);
    expect((await other).events).toHaveLength(10);
  });

  it('are kept up to sixteen megabytes: the oldest go first, and what is larger alone is not kept', async () => {
    const { pages, calls } = logOf(800, 50_000);
    const callsFor = async (first: number, limit: number) => {
      const before = calls();
      await pages.page(first === 0 ? START : BigInt((first - 1) * 50_000 + 1), limit);
      return calls() - before;
    };
    for (const first of [0, 140]) expect(await callsFor(first, 140)).toBe(1);
    for (const first of [0, 140]) expect(await callsFor(first, 140)).toBe(0);
    expect(await callsFor(280, 140)).toBe(1);
    expect([await callsFor(280, 140), await callsFor(140, 140), await callsFor(0, 140)]).toEqual([0, 0, 1]);
    expect([await callsFor(420, 340), await callsFor(420, 340)]).toEqual([1, 1]);
  });

  it('are asked for together by those who come while one is under way, also after one was', async () => {
    const { pages, calls } = logOf(1_000);
    for (const after of [0n, 200n]) {
      await Promise.all(Array.from({ length: 5 }, () => pages.page(after, 100)));
    }
    expect(calls()).toBe(2);
  });

  it('are forgotten when nobody has brought one for two seconds', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const { pages, calls } = logOf(100);
    await pages.page(START, 10);
    jest.advanceTimersByTime(1_900);
    await pages.page(START, 10);
    expect(calls()).toBe(1);
    jest.advanceTimersByTime(200);
    await pages.page(START, 10);
    expect(calls()).toBe(2);
    jest.useRealTimers();
  });
});
