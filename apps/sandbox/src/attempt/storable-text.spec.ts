import { headOf, storable, tailOf } from './storable-text.js';

describe('text for the log', () => {
  it('has no characters that a JSON column refuses', () => {
    expect(storable({ a: ['x\u0000y', '\ud83d', '🙂'], 'k\u0000': 1 })).toEqual({
      a: ['x\ufffdy', '\ufffd', '🙂'],
      'k\ufffd': 1,
    });
  });
  it('is never cut through a character', () => {
    expect(headOf('a🙂b', 2)).toBe('a');
    expect(headOf('a🙂b', 3)).toBe('a🙂');
    expect(tailOf('a🙂b', 2)).toBe('b');
    expect(tailOf('a🙂b', 3)).toBe('🙂b');
    expect(tailOf('ab', 5)).toBe('ab');
  });
});
