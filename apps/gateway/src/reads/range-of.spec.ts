import { RequestError } from '../graph/request-errors.js';
import { rangeOf } from './range-of.js';

describe('a range of time', () => {
  it('is written the way the API writes instants, whatever zone was meant, and may be open', () => {
    expect(rangeOf({ from: '2026-11-01', to: '2026-11-01T02:00:00+01:00' })).toEqual({
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-11-01T01:00:00.000Z',
    });
    expect(rangeOf({ to: '2026-11-01T00:00:00Z' })).toEqual({ to: '2026-11-01T00:00:00.000Z' });
  });

  it.each([
    [{ from: '2026-12-01', to: '2026-11-01' }, /empty/],
    [{ from: '2026-12-01', to: '2026-12-01' }, /empty/],
    [{ from: 'yesterday' }, /"yesterday" is no instant/],
    [{ from: '' }, /no instant/],
    [{ to: '1' }, /no instant/],
    [{ to: '2026-13-01' }, /no instant/],
    [{ to: '2026-11-01T08:00:00' }, /no instant/],
  ])('is refused as %j: nobody is to take nothing for everything', (range, message) => {
    expect(() => rangeOf(range)).toThrow(RequestError);
    expect(() => rangeOf(range)).toThrow(message);
  });
});
