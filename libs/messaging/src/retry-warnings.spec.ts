import { RetryWarnings } from './retry-warnings.js';

describe('warnings of tries that failed', () => {
  const told: object[] = [];
  const tell = (fields: object, message: string) => told.push({ ...fields, message });
  const log = { info: tell, error: fail, warn: tell };
  function fail(): never {
    throw new Error('What is tried again is no error.');
  }
  let now: number;
  let warnings: RetryWarnings;
  beforeEach(() => {
    [now, told.length] = [0, 0];
    warnings = new RetryWarnings(log, 'orders', { nowMs: () => now });
  });

  it('come with the first failure at once, and say of whom, of what and why', () => {
    const err = new Error('The database is away.');
    warnings.of('a look at the rows')(err);
    const message = 'a look at the rows failed; it is tried again';
    expect(told).toEqual([{ consumer: 'orders', doing: 'a look at the rows', failures: 1, err, message }]);
  });

  it('count those that come fast, and are told again when the trouble lasts', () => {
    for (now = 0; now < 30_000; now += 100) warnings.of('a look at the rows')(new Error(`at ${now}`));
    expect(told).toMatchObject([
      { failures: 1, err: { message: 'at 0' } },
      { failures: 100, err: { message: 'at 10000' } },
      { failures: 100, err: { message: 'at 20000' } },
    ]);
  });

  it('end with the word that it works again, which is said once and to nobody who heard of no trouble', () => {
    warnings.over('a look at the rows');
    for (now = 0; now < 5_000; now += 100) warnings.of('a look at the rows')(new Error('away'));
    for (const _ of ['once', 'twice']) warnings.over('a look at the rows');
    warnings.of('a look at the rows')(new Error('away again'));
    expect(told).toMatchObject([
      { failures: 1, err: { message: 'away' } },
      { consumer: 'orders', doing: 'a look at the rows', failures: 50, message: 'a look at the rows works again' },
      { failures: 1, err: { message: 'away again' } },
    ]);
  });

  it('of one kind of work do not hide those of another', () => {
    for (const doing of ['a look at the rows', 'a look at the checkpoints']) warnings.of(doing)(new Error('away'));
    expect(told).toMatchObject([{ doing: 'a look at the rows' }, { doing: 'a look at the checkpoints' }]);
  });
});
