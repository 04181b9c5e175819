import { jest } from '@jest/globals';
import type { Forks } from '../forking/forks.js';
import { DiskUse } from './disk-use.js';

describe('the look at what the files of a sandbox take', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is due again a second later, although the clock was set back by an hour meanwhile', async () => {
    const forks = { run: () => Promise.resolve({ stdout: '1\t/workspace\n' }) } as unknown as Forks;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const use = new DiskUse(forks, ['/workspace'], 1_000_000);
    await use.look();
    clock.mockReturnValue(Date.now() - 3_600_000);
    const later = performance.now() + 1_001;
    jest.spyOn(performance, 'now').mockImplementation(() => later);
    expect(use.isDue).toBe(true);
  });
});
