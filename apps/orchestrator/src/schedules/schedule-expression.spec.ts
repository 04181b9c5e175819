import { isRejection } from '@runledger/kernel';
import { firingsAfter, firingsBetween } from './recurrence.js';
import { readExpression } from './schedule-expression.js';

const NOW = '2026-01-01T00:00:00.000Z';
const read = (expression: string, timeZone?: string) => readExpression({ expression, timeZone }, NOW);
const cronOf = (expression: string) => {
  const outcome = read(expression);
  return isRejection(outcome) ? outcome.message : `${outcome.recurrence.cron} ${outcome.recurrence.timeZone}`;
};

describe('a phrase', () => {
  it.each([
    ['every monday at 9am EST', '0 9 * * 1 America/New_York'],
    ['Every Monday at 9 a.m. eastern time', '0 9 * * 1 America/New_York'],
    ['every day at noon', '0 12 * * * UTC'],
    ['daily at midnight', '0 0 * * * UTC'],
    ['at 9:30am every day', '30 9 * * * UTC'],
    ['9am every monday', '0 9 * * 1 UTC'],
    ['every day at 12am', '0 0 * * * UTC'],
    ['every day at 12:15 pm', '15 12 * * * UTC'],
    ['every weekday at 17:45 Europe/Vienna', '45 17 * * 1-5 Europe/Vienna'],
    ['weekdays at 8am CET', '0 8 * * 1-5 Europe/Berlin'],
    ['every weekend at 10am', '0 10 * * 0,6 UTC'],
    ['mondays and thursdays at 6:30pm', '30 18 * * 1,4 UTC'],
    ['every tuesday, thursday and saturday at 7am', '0 7 * * 2,4,6 UTC'],
    ['monday to friday at 9am', '0 9 * * 1-5 UTC'],
    ['every mon-wed at 9am', '0 9 * * 1-3 UTC'],
    ['every friday to monday at 9am', '0 9 * * 0,1,5,6 UTC'],
    ['weekly on sunday at 3am', '0 3 * * 0 UTC'],
    ['every minute', '* * * * * UTC'],
    ['every 15 minutes', '*/15 * * * * UTC'],
    ['every 15 minutes on weekdays', '*/15 * * * 1-5 UTC'],
    ['every hour', '0 * * * * UTC'],
    ['hourly', '0 * * * * UTC'],
    ['every 6 hours', '0 */6 * * * UTC'],
    ['every day at 9am and 5pm', '0 9,17 * * * UTC'],
    ['twice a day at 9am and 5pm', '0 9,17 * * * UTC'],
    ['once a week on friday at 4pm', '0 16 * * 5 UTC'],
    ['three times a week on monday, wednesday and friday at 9am', '0 9 * * 1,3,5 UTC'],
    ['twice a month on the 1st and 15th at 9am', '0 9 1,15 * * UTC'],
    ['on the 1st of every month at 9am', '0 9 1 * * UTC'],
    ['monthly on the 1st and 15th at 9am', '0 9 1,15 * * UTC'],
    ['on the last day of the month at 11pm', '0 23 L * * UTC'],
    ['first monday of the month at 9am', '0 9 * * 1#1 UTC'],
    ['every second tuesday of the month at 10am PST', '0 10 * * 2#2 America/Los_Angeles'],
    ['last friday of every month at 4pm', '0 16 * * 5#L UTC'],
    ['last weekday of the month at 5pm', '0 17 LW * * UTC'],
    ['first weekday of the month at 5pm', '0 17 1W * * UTC'],
    ['every january 1st at 8am', '0 8 1 1 * UTC'],
    ['yearly on december 24 at noon', '0 12 24 12 * UTC'],
    ['every monday in january at 9am', '0 9 * 1 1 UTC'],
  ])('%s fires as %s', (phrase, expected) => {
    expect(cronOf(phrase)).toBe(expected);
  });

  it.each([
    ['every other weekday at 9am', '“other” was not understood.'],
    ['biweekly on friday at 9am', '“biweekly” may mean every other week or twice a week.'],
    ['bi-monthly at 9am', '“bimonthly” may mean every other month or twice a month.'],
    ['every monday at 9', '“9” was not understood.'],
    ['every second monday at 9am', '“second” was not understood.'],
    ['every monday at 9am except holidays', '“except”, “holidays” were not understood.'],
    ['whenever it rains', '“whenever”, “it”, “rains” were not understood.'],
    ['twice a day', 'It says “twice a day” and names no times.'],
    ['three times a day at 9am and 5pm', 'It says “three times a day” and names 2 times.'],
    ['twice a week on monday at 9am', 'It says “twice a week” and names 1 days.'],
    ['twice a year at 9am', '“twice”, “a”, “year” were not understood.'],
    ['every other day on monday at 9am', 'It says in two ways on which days.'],
    ['every other day every 2 weeks on monday at 9am', 'It gives two distances.'],
    ['every 400 days at 9am', 'Every 400 days is no distance.'],
    ['every other day', 'It does not say at what time.'],
    ['every monday at 25:00', '“25:00” was not understood.'],
    ['every monday at 13pm', '“13pm” was not understood.'],
    ['every 15 minutes between 9am and 5pm', '“between” was not understood.'],
    ['every monday at 9am Europe/Atlantis', '“europe/atlantis” was not understood.'],
    ['every day at 9am until may', '“until” was not understood.'],
    ['every 2 weeks at 9am', 'It does not say on which day of the week.'],
    ['every 60 weeks on monday at 9am', 'Every 60 weeks is no distance.'],
    ['every 0 weeks on monday at 9am', 'Every 0 weeks is no distance.'],
    ['every other friday in january at 9am', 'It says in two ways on which days.'],
    ['every 2 weeks on monday every other week at 9am', 'It gives two distances.'],
    ['every other friday', 'It does not say at what time.'],
    ['at 9am', 'It does not say how often.'],
    ['every monday', 'It does not say at what time.'],
    ['every 45 minutes', 'Every 45 minutes does not fit into an hour evenly.'],
    ['every 7 hours', 'Every 7 hours does not fit into a day evenly.'],
    ['every hour at 9am', 'It gives a distance and a time of day.'],
    ['every friday the 13th at 9am', 'It says in two ways on which days.'],
    ['every day on monday at 9am', 'It says in two ways on which days.'],
    ['every month at 9am', 'It does not say on which day of the month.'],
    ['weekly at 9am', 'It does not say on which day of the week.'],
    ['every year at 9am', 'It does not say on which day of the year.'],
    ['every january at 9am', 'It does not say on which day of the month.'],
    ['every day at 9am and 5:30pm', 'Its times differ in their minutes.'],
    ['every day at 9am EST and PST', 'It names two time zones.'],
  ])('is refused rather than guessed at: %s', (phrase, message) => {
    expect(read(phrase)).toMatchObject({ rejected: 'INVALID_SCHEDULE', message, fix: expect.any(String) });
  });

  it('says how an abbreviation was read', () => {
    expect(read('every monday at 9am EST')).toMatchObject({
      notes: ['EST is read as the time of America/New_York, with its summer time.'],
    });
    expect(read('every monday at 9am', 'EST')).toMatchObject({
      recurrence: { timeZone: 'America/New_York' },
      notes: ['EST is read as the time of America/New_York, with its summer time.'],
    });
    expect(read('every monday at 9am Europe/Vienna')).toMatchObject({ notes: [] });
  });

  it('shows its next five firings', () => {
    const { recurrence } = read('every monday at 9am EST') as { recurrence: Parameters<typeof firingsAfter>[0] };
    expect(firingsAfter(recurrence, '2026-02-20T00:00:00.000Z', 5)).toEqual([
      '2026-02-23T14:00:00.000Z',
      '2026-03-02T14:00:00.000Z',
      '2026-03-09T13:00:00.000Z',
      '2026-03-16T13:00:00.000Z',
      '2026-03-23T13:00:00.000Z',
    ]);
  });
});

describe('a phrase of weeks', () => {
  const after = (expression: string, from: string, count: number) => {
    const outcome = readExpression({ expression }, from);
    return isRejection(outcome) ? outcome.message : firingsAfter(outcome.recurrence, from, count);
  };

  it('counts from its first firing, keeps its wall time, and says which weeks it means', () => {
    expect(after('every other friday at 9am America/New_York', '2026-02-20T00:00:00.000Z', 4)).toEqual([
      '2026-02-20T14:00:00.000Z',
      '2026-03-06T14:00:00.000Z',
      '2026-03-20T13:00:00.000Z',
      '2026-04-03T13:00:00.000Z',
    ]);
    expect(readExpression({ expression: 'every other friday at 9am' }, '2026-02-20T10:00:00.000Z')).toMatchObject({
      recurrence: { cron: '0 9 * * 5', weeks: { every: 2, from: '2026-02-23' } },
      notes: ['It fires in one week of 2, from the week of Monday 2026-02-23 on.'],
    });
  });

  it.each([
    ['every 2 weeks on monday at 9am', ['2026-01-05', '2026-01-19', '2026-02-02']],
    ['every two weeks on mondays at 9am', ['2026-01-05', '2026-01-19', '2026-02-02']],
    ['fortnightly on thursday at noon', ['2026-01-01', '2026-01-15', '2026-01-29']],
    ['every fortnight on thursday at noon', ['2026-01-01', '2026-01-15', '2026-01-29']],
    ['every other week on monday and thursday at 9am', ['2026-01-01', '2026-01-12', '2026-01-15']],
    ['every 3 weeks on sunday at 11pm Pacific/Auckland', ['2026-01-04', '2026-01-25', '2026-02-15']],
    ['every 1 weeks on monday at 9am', ['2026-01-05', '2026-01-12', '2026-01-19']],
  ])('%s', (phrase, days) => {
    const outcome = after(phrase, NOW, 3);
    expect(Array.isArray(outcome) ? outcome.map(firing => firing.slice(0, 10)) : outcome).toEqual(days);
  });

  it('of a schedule that is there keeps its weeks, whenever one looks', () => {
    const recurrence = { cron: '*/30 9 * * 1', timeZone: 'Europe/Vienna', weeks: { every: 2, from: '2026-01-05' } };
    expect(firingsAfter(recurrence, '2026-01-08T00:00:00.000Z', 2)).toEqual([
      '2026-01-19T08:00:00.000Z',
      '2026-01-19T08:30:00.000Z',
    ]);
    expect(firingsBetween(recurrence, '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z')).toEqual([
      ...['2026-01-05T08:00:00.000Z', '2026-01-05T08:30:00.000Z'],
      ...['2026-01-19T08:00:00.000Z', '2026-01-19T08:30:00.000Z'],
    ]);
  });
});

describe('a phrase of days', () => {
  const after = (expression: string, from: string, count: number) => {
    const outcome = readExpression({ expression }, from);
    return isRejection(outcome) ? outcome.message : firingsAfter(outcome.recurrence, from, count);
  };

  it('counts from its first firing on, through the ends of months and the changes of summer time', () => {
    expect(after('every other day at 9am America/New_York', '2026-03-04T20:00:00.000Z', 3)).toEqual([
      '2026-03-05T14:00:00.000Z',
      '2026-03-07T14:00:00.000Z',
      '2026-03-09T13:00:00.000Z',
    ]);
    expect(after('every other day at 9am and 5pm', '2026-01-29T12:00:00.000Z', 4)).toEqual([
      ...['2026-01-29T17:00:00.000Z', '2026-01-31T09:00:00.000Z'],
      ...['2026-01-31T17:00:00.000Z', '2026-02-02T09:00:00.000Z'],
    ]);
    expect(readExpression({ expression: 'every 3 days at 9am' }, NOW)).toMatchObject({
      recurrence: { cron: '0 9 * * *', days: { every: 3, from: '2026-01-01' } },
      notes: ['It fires on one day of 3, from 2026-01-01 on.'],
    });
  });

  it('of a schedule that is there keeps its days, whenever one looks', () => {
    const recurrence = { cron: '0 9 * * *', timeZone: 'Pacific/Auckland', days: { every: 4, from: '2026-01-02' } };
    expect(firingsAfter(recurrence, '2026-01-02T00:00:00.000Z', 2)).toEqual([
      '2026-01-05T20:00:00.000Z',
      '2026-01-09T20:00:00.000Z',
    ]);
    expect(firingsBetween(recurrence, '2026-01-01T00:00:00.000Z', '2026-01-07T00:00:00.000Z')).toEqual([
      ...['2026-01-01T20:00:00.000Z', '2026-01-05T20:00:00.000Z'],
    ]);
  });
});

describe('a cron expression', () => {
  it.each(['0 9 * * 1', '*/5 * * * *', '0 9 * * MON-FRI', '0 9 L * *'])('is taken as it is: %s', cron => {
    expect(read(cron, 'Europe/Vienna')).toMatchObject({ recurrence: { cron, timeZone: 'Europe/Vienna' } });
  });

  it.each([
    ['* * * * * *', 'A cron expression has five fields, this one has 6.'],
    ['@daily', 'A cron expression has five fields, this one has 1.'],
    ['61 * * * *', 'Invalid value for minute: 61'],
    ['0 9 31 2 *', 'It would never fire: there is no such day.'],
  ])('is refused when it cannot be one: %s', (cron, message) => {
    expect(read(cron)).toMatchObject({ rejected: 'INVALID_SCHEDULE', message });
  });
});

describe('a time zone', () => {
  it.each(['No/Zone', '+02:00', 'nowhere'])('that does not exist is refused: %s', timeZone => {
    expect(read('0 9 * * *', timeZone)).toMatchObject({
      message: `There is no time zone ${timeZone}.`,
      details: [{ path: 'timeZone' }],
    });
  });

  it('that contradicts the phrase is refused', () => {
    expect(read('every monday at 9am EST', 'Europe/Vienna')).toMatchObject({
      message: 'The expression says EST, which is America/New_York, but the time zone is Europe/Vienna.',
    });
  });
});

describe('start and end', () => {
  it('that leave nothing to fire are refused', () => {
    const asked = { expression: '0 9 * * *', endAt: '2025-12-31T00:00:00.000Z' };
    expect(readExpression(asked, NOW)).toMatchObject({ message: 'It would never fire before its end.' });
    expect(readExpression({ ...asked, startAt: NOW }, NOW)).toMatchObject({ message: 'The end is before the start.' });
  });
});
