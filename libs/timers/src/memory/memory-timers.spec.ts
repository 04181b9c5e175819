import { describeTimers } from '../contract/describe-timers.js';
import { defineTimer } from '../port.js';
import { MemoryTimers } from './memory-timers.js';

const retry = { attempts: 3, retryableAttempts: 3, firstDelayMs: 5, maxDelayMs: 20 };

describeTimers('MemoryTimers', () => {
  const timers = new MemoryTimers({ retry });
  return Promise.resolve({ timers, pass: ms => timers.advance(ms), close: () => timers.stop() });
});

describe('virtual time', () => {
  it('fires what falls due on the way in the order of due times, at exactly these', async () => {
    const timers = new MemoryTimers({ now: '2026-03-01T00:00:00.000Z' });
    const seen: string[] = [];
    const note = defineTimer('note', ({ name, firedAt }) => Promise.resolve(void seen.push(`${name} ${firedAt}`)));
    await timers.start([note]);
    const set = (name: string, afterMs: number) =>
      timers.set({ name, kind: 'note', tenant: 'w1', payload: null, afterMs });
    await set('late', 86_400_000);
    await set('soon', 1_000);
    await set('soon too', 1_000);
    await timers.advance(999);
    expect(seen).toEqual([]);
    await timers.advance(7 * 86_400_000);
    expect(seen).toEqual([
      'soon 2026-03-01T00:00:01.000Z',
      'soon too 2026-03-01T00:00:01.000Z',
      'late 2026-03-02T00:00:00.000Z',
    ]);
    expect(timers.now()).toBe('2026-03-08T00:00:00.999Z');
  });
});
