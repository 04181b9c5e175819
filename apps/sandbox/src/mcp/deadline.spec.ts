import { setTimeout as delay } from 'node:timers/promises';
import { within } from './deadline.js';

describe('a deadline', () => {
  it('lets work through that is done in time, and its failure', async () => {
    expect(await within(10, () => Promise.resolve('done'))).toBe('done');
    await expect(within(10, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('ends the wait for what never comes', async () => {
    await expect(within(10, () => new Promise(() => undefined))).rejects.toThrow('did not answer within 0.01 s');
  });

  it('begins anew with each sign of life', async () => {
    const alive = within(300, async beat => {
      for (let n = 0; n < 10; n += 1) {
        await delay(150);
        beat();
      }
      return 'done';
    });
    expect(await alive).toBe('done');
  });
});
