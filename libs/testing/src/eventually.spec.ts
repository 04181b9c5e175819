import { eventually } from './eventually.js';
import { FakeClock } from './fake-clock.js';

describe('waiting for what happens elsewhere', () => {
  it('answers as soon as the attempt succeeds', async () => {
    let calls = 0;
    const answer = await eventually(() => {
      calls += 1;
      if (calls < 3) throw new Error('not yet');
      return 'here';
    });
    expect([answer, calls]).toEqual(['here', 3]);
  });

  it('fails with the last error when the time is up', async () => {
    await expect(eventually(() => Promise.reject(new Error('never')), 50)).rejects.toThrow('never');
    await expect(eventually(() => false, 50)).rejects.toThrow(/Still not so/);
  });
});

describe('a fake clock', () => {
  it('moves only when it is moved', () => {
    const clock = new FakeClock('2026-03-01T10:00:00.000Z');
    clock.advance(1_500);
    expect([clock.now(), clock.nowMs()]).toEqual(['2026-03-01T10:00:01.500Z', Date.parse('2026-03-01T10:00:01.500Z')]);
  });
});
