import { jest } from '@jest/globals';
import { SILENT } from '@runledger/messaging';
import { HeldClaims } from './held-claims.js';
import type { Claimed } from './timer-table.js';

const LEASE_MS = 4_000;
const HANDLER_MS = 60_000;

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

/** Time, with what happens in it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    jest.advanceTimersByTime(250);
    await new Promise(setImmediate);
  }
}

const claim = (name: string) => ({ firing: { name }, epoch: '1' }) as Claimed;

/** Claims with a table that answers as `renew` does; `asked`: the names of each renewal, `said`: what the operator reads. */
function heldBy(renew: () => Promise<void> = () => Promise.resolve()) {
  const asked: string[][] = [];
  const [said, leases]: [unknown[], Set<number>] = [[], new Set()];
  const table = {
    renew: (held: readonly Claimed[], leaseMs: number) => {
      asked.push(held.map(({ firing }) => firing.name));
      leases.add(leaseMs);
      return renew();
    },
  };
  const log = { ...SILENT, warn: (_: object, message?: string) => void said.push(message) };
  const claims = new HeldClaims(table, { leaseMs: LEASE_MS, handlerMs: HANDLER_MS }, log);
  claims.start();
  return { claims, asked, leases, said };
}

describe('the claims of firings that are under way', () => {
  it('are renewed together, so often that a renewal may fail without one running out, until they are let go of', async () => {
    const { claims, asked, leases } = heldBy();
    const [first, second] = [claim('first'), claim('second')];
    await pass(LEASE_MS);
    expect(asked).toEqual([]);
    claims.hold(first);
    claims.hold(second);
    await pass(LEASE_MS);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.every(names => names.join() === 'first,second')).toBe(true);
    asked.length = 0;
    claims.letGo(first);
    await pass(LEASE_MS);
    expect(new Set(asked.flat())).toEqual(new Set(['second']));
    expect([...leases]).toEqual([LEASE_MS]);
    claims.stop();
  });

  it('run out when their handlers take longer than they may', async () => {
    const { claims, asked } = heldBy();
    claims.hold(claim('hangs'));
    await pass(HANDLER_MS / 2);
    claims.hold(claim('works'));
    await pass(HANDLER_MS / 2);
    asked.length = 0;
    await pass(LEASE_MS);
    expect(new Set(asked.flat())).toEqual(new Set(['works']));
    claims.stop();
  });

  it('are not renewed once more while a slow database has not answered', async () => {
    const answers: (() => void)[] = [];
    const { claims, asked } = heldBy(() => new Promise<void>(resolve => answers.push(resolve)));
    claims.hold(claim('slow'));
    await pass(3 * LEASE_MS);
    expect(asked).toHaveLength(1);
    answers[0]?.();
    await pass(LEASE_MS);
    expect(asked).toHaveLength(2);
    claims.stop();
  });

  it('are tried on when that fails, which is said once each time', async () => {
    let isAway = true;
    const { claims, asked, said } = heldBy(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()));
    claims.hold(claim('kept'));
    for (const times of [1, 2]) {
      isAway = true;
      asked.length = 0;
      await pass(2 * LEASE_MS);
      expect(asked.length).toBeGreaterThan(1);
      expect(said).toEqual(
        Array.from({ length: times }, () => expect.stringContaining('could not be renewed') as string),
      );
      isAway = false;
      await pass(LEASE_MS);
    }
    claims.stop();
  });

  it('are renewed no more when their process has stopped', async () => {
    const { claims, asked } = heldBy();
    claims.hold(claim('left'));
    claims.stop();
    await pass(2 * LEASE_MS);
    expect([asked, jest.getTimerCount()]).toEqual([[], 0]);
  });
});
