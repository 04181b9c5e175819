import { Fault, RetryableError } from '@runledger/kernel';
import { writeFileSync } from 'node:fs';
import { Setbacks } from './setbacks.js';

function noRoom(): unknown {
  try {
    writeFileSync('/dev/full', 'something');
  } catch (error) {
    return error;
  }
  throw new TypeError('There is room on /dev/full.');
}

describe('an attempt that stopped on a fault of the platform', () => {
  it('rests longer every time, a minute at most', () => {
    const setbacks = new Setbacks();
    const rests = Array.from({ length: 8 }, () => setbacks.add('a', new RetryableError('AWAY', 'away'), 0));
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect([setbacks.rests('a', 59_999), setbacks.rests('a', 60_000), setbacks.rests('b', 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is given up after the fifth fault that does not pass by itself', () => {
    const setbacks = new Setbacks();
    for (let fault = 0; fault < 4; fault += 1) setbacks.add('a', new Fault('TOO_LARGE', 'an event is too large'), 0);
    expect(setbacks.verdict('a')).toBeUndefined();
    setbacks.add('a', new Fault('TOO_LARGE', 'an event is too large'), 0);
    expect(setbacks.verdict('a')).toMatchObject({ outcome: 'ERROR', error: { code: 'PLATFORM_FAULT' } });
    expect(setbacks.verdict('a')?.error.message).toContain('an event is too large');
  });

  it('is blocked, with what to do, after the fifth time that the disk was full', () => {
    const setbacks = new Setbacks();
    for (let fault = 0; fault < 4; fault += 1) setbacks.add('a', noRoom(), 0);
    expect(setbacks.verdict('a')).toBeUndefined();
    setbacks.add('a', new Fault('NOT_KEPT', 'It was not kept.', { cause: noRoom() }), 0);
    expect(setbacks.verdict('a')).toEqual({
      outcome: 'BLOCKED',
      error: {
        code: 'DISK_FULL',
        message: 'The disk of the platform is full: what this step needs could not be written (ENOSPC, write).',
        fix: expect.stringMatching(/make room .* resume the run/) as string,
      },
    });
  });

  it('is never given up because the store is away', () => {
    const setbacks = new Setbacks();
    for (let fault = 0; fault < 50; fault += 1) setbacks.add('a', new RetryableError('AWAY', 'away'), 0);
    expect(setbacks.verdict('a')).toBeUndefined();
  });
});
