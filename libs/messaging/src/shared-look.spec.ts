import { setTimeout as delay } from 'node:timers/promises';
import { SharedLook } from './shared-look.js';

describe('one look for all who wait', () => {
  const arrival = () => {
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>(resolve => (arrive = resolve));
    return { arrived, arrive: () => arrive() };
  };
  const looking = (longestPauseMs = 10) => {
    const seen = { looks: 0, underWay: 0, atOnce: 0, ended: false };
    const look = async (signal: AbortSignal) => {
      seen.looks += 1;
      seen.underWay += 1;
      seen.atOnce = Math.max(seen.atOnce, seen.underWay);
      await delay(5);
      seen.underWay -= 1;
      signal.addEventListener('abort', () => (seen.ended = true));
    };
    return { seen, shared: new SharedLook(look, longestPauseMs) };
  };
  const lookedTwice = async (seen: { readonly looks: number }) => {
    for (const before = seen.looks; seen.looks < before + 2;) await delay(1);
  };

  it('is made by one, however many wait', async () => {
    const { seen, shared } = looking();
    const { arrived, arrive } = arrival();
    const waiting = Array.from({ length: 50 }, () => shared.until(arrived));
    await lookedTwice(seen);
    arrive();
    await Promise.all(waiting);
    expect(seen.atOnce).toBe(1);
    expect(seen.looks).toBeLessThan(50);
  });

  it('is soon made again for who comes later', async () => {
    const { seen, shared } = looking(600_000);
    const [first, second] = [arrival(), arrival()];
    const waiting = shared.until(first.arrived);
    for (const end = Date.now() + 400; Date.now() < end;) await delay(50);
    const late = shared.until(second.arrived);
    await lookedTwice(seen);
    first.arrive();
    second.arrive();
    await Promise.all([waiting, late]);
  });

  it('ends when nobody waits any more, and begins anew for the next', async () => {
    const { seen, shared } = looking();
    const [first, second] = [arrival(), arrival()];
    const waiting = shared.until(first.arrived);
    await lookedTwice(seen);
    first.arrive();
    await waiting;
    expect(seen.ended).toBe(true);
    const { looks } = seen;
    await delay(50);
    expect(seen.looks).toBeLessThanOrEqual(looks + 1);
    const again = shared.until(second.arrived);
    await lookedTwice(seen);
    second.arrive();
    await again;
  });

  it('hands on what becomes of the wait', async () => {
    const { shared } = looking();
    await expect(shared.until(Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    await expect(shared.until(Promise.resolve('there'))).resolves.toBe('there');
  });
});
