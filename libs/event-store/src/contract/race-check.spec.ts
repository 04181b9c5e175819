import type { EventStore } from '../port.js';
import { NaiveStore } from './naive-store.fixture.js';
import { compare, findRaces } from './race-check.js';

describe('the race check', () => {
  it('catches a store whose readers ask for everything behind the last position', async () => {
    const naive = new NaiveStore() as unknown as EventStore;
    const report = await findRaces({ writers: [naive], readers: [naive, naive, naive], seconds: 0.5 });
    expect(report.stored).toBeGreaterThan(100);
    expect(report.lost).toBeGreaterThan(0);
  });

  it('counts what is lost, repeated and out of order', () => {
    const seen = (id: string, revision: number) => ({ id, revision, stream: 'run-1' }) as never;
    const right = [seen('a', 0), seen('b', 1)];
    const wrong = [seen('b', 1), seen('a', 0), seen('a', 0)];
    expect(compare(['a', 'b', 'c'], [right, wrong])).toEqual({
      stored: 3,
      lost: 2,
      repeated: 1,
      inverted: 2,
      orders: 2,
    });
  });
});
