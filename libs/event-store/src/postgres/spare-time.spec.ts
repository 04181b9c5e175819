import { setTimeout as pause } from 'node:timers/promises';
import { SpareTime } from './spare-time.js';

describe('the spare time of a thread', () => {
  it('is there when it has mostly waited, and not when it was mostly at work', async () => {
    const spareTime = new SpareTime();
    work(150);
    expect(spareTime.isThere).toBe(false);
    await pause(300);
    expect(spareTime.isThere).toBe(true);
    work(300);
    expect(spareTime.isThere).toBe(false);
  });
});

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
