import { money } from './money.js';
import { positionOf, positionText } from './position-text.js';

describe('money', () => {
  it('is written out exactly, with two decimals at least', () => {
    const written = ['0', '1', '10000', '1250000', '123456789', '-500000', '9007199254740993000001'];
    expect(written.map(amount => money(amount, 'USD').formatted)).toEqual([
      '0.00 USD',
      '0.000001 USD',
      '0.01 USD',
      '1.25 USD',
      '123.456789 USD',
      '-0.50 USD',
      '9007199254740993.000001 USD',
    ]);
  });
});

describe('a position', () => {
  it('compares as text the way it compares as a number', () => {
    const positions = [0n, 1n, 9n, 10n, 99n, 2n ** 53n, 2n ** 63n - 1n];
    expect(positions.map(positionText).sort()).toEqual(positions.map(positionText));
    expect(positions.map(positionText).map(positionOf)).toEqual(positions);
  });

  it('is not read from anything else', () => {
    for (const text of ['', '1', 'x'.repeat(19), '9'.repeat(19), '0'.repeat(20), '-' + '0'.repeat(18)]) {
      expect(() => positionOf(text)).toThrow('no position');
    }
  });
});
