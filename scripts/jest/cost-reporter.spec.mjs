import { childSecondsIn } from './cpu-time.mjs';
import { costsText } from './cost-reporter.mjs';

describe('what the specs cost', () => {
  const file = (path, own, children, wallMs = 500) => ({ path, cpu: { own, children }, wallMs });

  it('is listed with the most expensive file first, whoever used the time', () => {
    const text = costsText([
      file('a.spec.ts', 2, 0),
      file('b.e2e-spec.ts', 1, 30.26, 12_000),
      file('c.spec.ts', 0.1, 0),
    ]);
    expect(text.split('\n')).toEqual([
      'CPU time of the spec files: 0.6 min; those that took the most:',
      '  31.3 s   12.0 s b.e2e-spec.ts',
      '   2.0 s    0.5 s a.spec.ts',
      '   0.1 s    0.5 s c.spec.ts',
    ]);
  });

  it('counts the children of a process, however it is called', () => {
    const stat = '7 (a) b (c)) S 1 7 7 0 -1 4194304 100 200 0 0 55 66 150 25 20 0 1 0 99 1 1';
    expect(childSecondsIn(stat)).toBe(1.75);
  });
});
