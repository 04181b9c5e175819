import { Removals } from './removals.js';

describe('what runs left behind', () => {
  it('is removed of each run, whatever hinders at another, and is told by name (R4)', async () => {
    const removed: string[] = [];
    const removals = new Removals(async runId => {
      if (runId === 'run_stuck') throw new Error('a disk does not answer.');
      await Promise.resolve(removed.push(runId));
    });
    const told = await removals.sweep(['run_stuck', 'run_1', 'run_2']).catch((error: unknown) => error);
    expect(told).toMatchObject({ code: 'LEFT_BEHIND', fields: { runs: ['run_stuck'] } });
    expect((told as Error).message).toContain('run_stuck: a disk does not answer.');
    expect(removed).toEqual(['run_1', 'run_2']);
  });

  it('holds up a sweep for so long, once, and nobody but its own run then', async () => {
    let isGone = (): void => undefined;
    let begun = 0;
    const removals = new Removals(() => {
      begun += 1;
      return new Promise(resolve => (isGone = resolve));
    }, 50);
    await removals.sweep(['run_1']);
    const before = performance.now();
    await removals.sweep(['run_1']);
    expect(performance.now() - before).toBeLessThan(50); // it is not waited for again
    expect(begun).toBe(1);
    await removals.over('run_2');
    const over = removals.over('run_1').then(() => 'over');
    expect(await Promise.race([over, Promise.resolve('under way')])).toBe('under way');
    isGone();
    expect(await over).toBe('over');
  });

  it('is tried again at each sweep, and told of one that failed since the last', async () => {
    let fail = (_reason: Error): void => undefined;
    const first = new Promise<void>((_resolve, reject) => (fail = reject));
    const tries = [first, Promise.resolve()];
    const removals = new Removals(() => tries.shift() ?? Promise.resolve(), 50);
    await removals.sweep(['run_1']);
    fail(new Error('It was not to be removed.'));
    await removals.over('run_1');
    await expect(removals.sweep(['run_1'])).rejects.toMatchObject({ code: 'LEFT_BEHIND' });
    await removals.over('run_1');
    expect(tries).toEqual([]);
    await removals.sweep([]);
  });

  it('is removed of a few runs at a time, and of none after the sweep', async () => {
    let [underWay, most] = [0, 0];
    const removed: string[] = [];
    const runs = Array.from({ length: 40 }, (_, n) => `run_${n}`);
    const removals = new Removals(async runId => {
      most = Math.max(most, (underWay += 1));
      await new Promise(resolve => setImmediate(resolve));
      underWay -= 1;
      removed.push(runId);
    });
    await removals.sweep(runs);
    expect(removed.toSorted()).toEqual(runs.toSorted());
    expect(most).toBe(16);

    const begun: string[] = [];
    const slow = new Removals(async runId => {
      begun.push(runId);
      await new Promise(resolve => setTimeout(resolve, 100));
    }, 50);
    await slow.sweep(runs);
    await slow.over('run_0');
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(begun).toEqual(runs.slice(0, 16));
  });
});
