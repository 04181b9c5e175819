import { PARTITIONS, partitionOf } from './partitions.js';

describe('the partition of a run', () => {
  it('is the same today as when its first checkpoint was written', () => {
    const keys = ['', 'run_1', 'run_0198b2a4-7a31-7c55-b1d3-2f0f6f9a4d10', 'ws_1/größe'];
    expect(keys.map(partitionOf)).toEqual([11, 2, 15, 6]);
  });

  it('is one of sixteen, each with its fair part of the runs', () => {
    const counts = Array.from({ length: PARTITIONS }, () => 0);
    for (let n = 0; n < 16_000; n += 1) counts[partitionOf(`run_${n}`)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});
