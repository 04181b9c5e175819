import fc from 'fast-check';
import { toStart } from './catch-up.js';
import { firingsAfter, firingsBetween, knownTimeZone, nextAfter } from './recurrence.js';

const DAY_MS = 86_400_000;
const ZONES = ['America/New_York', 'Europe/Vienna', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Santiago', 'UTC'];

describe('changes between summer and winter time', () => {
  it.each([
    [
      'what the gap leaves out fires right after it',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00:00.000Z',
      ['2026-03-08T07:00:00.000Z', '2026-03-09T06:30:00.000Z'],
    ],
    [
      'what comes twice fires the first time',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00.000Z',
      ['2026-11-01T05:30:00.000Z', '2026-11-02T06:30:00.000Z'],
    ],
    [
      'each of two hours fires once',
      '30 1,2 * * *',
      'America/New_York',
      '2026-10-31T12:00:00.000Z',
      ['2026-11-01T05:30:00.000Z', '2026-11-01T07:30:00.000Z', '2026-11-02T06:30:00.000Z'],
    ],
    [
      'an hourly one goes on through the repeated hour',
      '30 * * * *',
      'America/New_York',
      '2026-11-01T05:00:00.000Z',
      ['2026-11-01T05:30:00.000Z', '2026-11-01T06:30:00.000Z', '2026-11-01T07:30:00.000Z'],
    ],
    [
      'a gap of half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-02T16:00:00.000Z',
      ['2026-10-03T15:30:00.000Z', '2026-10-04T15:15:00.000Z'],
    ],
    [
      'a gap at midnight',
      '30 0 * * *',
      'Africa/Cairo',
      '2026-04-23T00:00:00.000Z',
      ['2026-04-23T22:00:00.000Z', '2026-04-24T21:30:00.000Z'],
    ],
    [
      'none in UTC',
      '30 2 * * *',
      'UTC',
      '2026-03-07T12:00:00.000Z',
      ['2026-03-08T02:30:00.000Z', '2026-03-09T02:30:00.000Z'],
    ],
  ])('%s', (_case, ...[cron, timeZone, after, expected]) => {
    expect(firingsAfter({ cron, timeZone }, after, expected.length)).toEqual(expected);
  });
});

const instant = fc
  .date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map(date => date.toISOString());
const daily = fc
  .record({
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    zone: fc.constantFrom(...ZONES),
  })
  .map(({ hour, minute, zone }) => ({ cron: `${minute} ${hour} * * *`, timeZone: zone }));
const any = fc.oneof(
  daily,
  fc
    .constantFrom(...ZONES)
    .chain(timeZone =>
      fc
        .constantFrom('*/15 * * * *', '0 */6 * * *', '0 9 * * 1-5', '0 0 1 * *', '5 4 L * *', '0 9 * * 1#1')
        .map(cron => ({ cron, timeZone })),
    ),
);

describe('the times of a schedule', () => {
  it('come one after the other, and after the one that was asked for', () => {
    fc.assert(
      fc.property(any, instant, (recurrence, after) => {
        const firings = firingsAfter(recurrence, after, 10);
        expect([after, ...firings]).toEqual([...new Set([after, ...firings])].sort());
        expect(nextAfter(recurrence, firings[3] ?? after)).toBe(firings[4]);
      }),
      { numRuns: 100 },
    );
  });

  it('have every day of a place exactly once, whatever its clocks do', () => {
    fc.assert(
      fc.property(daily, instant, (recurrence, after) => {
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: recurrence.timeZone });
        const dates = firingsAfter(recurrence, after, 200).map(firing => day.format(new Date(firing)));
        expect(new Set(dates).size).toBe(200);
        const [first = '', last = ''] = [dates[0], dates.at(-1)];
        expect((Date.parse(last) - Date.parse(first)) / DAY_MS).toBe(199);
      }),
      { numRuns: 40 },
    );
  });

  it('stay between start and end', () => {
    fc.assert(
      fc.property(any, instant, fc.tuple(instant, instant), (recurrence, after, [one, other]) => {
        const [startAt = '', endAt = ''] = [one, other].sort();
        for (const firing of firingsAfter({ ...recurrence, startAt, endAt }, after, 20)) {
          expect(firing > after && firing >= startAt && firing <= endAt).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are the same whether asked for one by one or for a stretch of time', () => {
    fc.assert(
      fc.property(any, instant, fc.integer({ min: 0, max: 6 }), (recurrence, after, count) => {
        const firings = firingsAfter(recurrence, after, count + 1);
        const [first = '', last = ''] = [firings[0], firings.at(-1)];
        expect(firingsBetween(recurrence, first, last)).toEqual(firings);
      }),
      { numRuns: 12 },
    );
  });

  it('are counted up to a thousand when nobody was there for years', () => {
    const missed = firingsBetween(
      { cron: '* * * * *', timeZone: 'UTC' },
      '2020-01-01T00:00:00.000Z',
      '2026-01-01T00:00:30.000Z',
    );
    expect(missed).toHaveLength(1_000);
    expect(missed.at(-1)).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('what was missed', () => {
  const due = ['2026-01-01T09:00:00.000Z', '2026-01-02T09:00:00.000Z', '2026-01-03T09:00:00.000Z'];

  it.each([
    ['SKIP', 1, '2026-01-03T09:00:30.000Z', due.slice(2), 2],
    ['SKIP', 1, '2026-01-03T12:00:00.000Z', [], 3],
    ['ONE', 1, '2026-01-03T12:00:00.000Z', due.slice(2), 2],
    ['ALL', 2, '2026-01-03T12:00:00.000Z', due.slice(1), 1],
    ['ALL', 100, '2026-01-03T12:00:00.000Z', due, 0],
  ] as const)('is caught up as the policy says: %s up to %i at %s', (...[policy, max, now, started, skipped]) => {
    expect(toStart(due, { policy, max }, now)).toEqual({ started, skipped });
  });
});

describe('time zones', () => {
  it('are known by their name, in any case, and by nothing else', () => {
    expect(knownTimeZone('europe/vienna')).toBe('Europe/Vienna');
    expect(knownTimeZone('Mars/Olympus')).toBeUndefined();
    expect(knownTimeZone('+02:00')).toBeUndefined();
  });
});
