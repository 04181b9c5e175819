import { Fault, RetryableError } from './faults.js';
import { isRejection, reject } from './rejection.js';

describe('a refusal', () => {
  it('is a value with a reason, a sentence and what would help', () => {
    const refusal = reject('NotPending', 'It was decided already.', { fix: 'Reload the request.' });
    expect(refusal).toEqual({ rejected: 'NotPending', message: 'It was decided already.', fix: 'Reload the request.' });
    expect(isRejection(refusal)).toBe(true);
  });

  it('is not mistaken for events, or for nothing', () => {
    for (const other of [[], [{ type: 'Granted', data: {} }], null, undefined, 'rejected', { status: 'accepted' }]) {
      expect(isRejection(other)).toBe(false);
    }
  });
});

describe('a fault', () => {
  it('keeps its code, its particulars and what caused it', () => {
    class DiskFullError extends Fault {}
    const cause = new Error('ENOSPC');
    const fault = new DiskFullError('DISK_FULL', 'No room in /data; make some.', {
      cause,
      fields: { folder: '/data' },
    });
    expect(fault).toMatchObject({ name: 'DiskFullError', code: 'DISK_FULL', fields: { folder: '/data' }, cause });
    expect(fault).toBeInstanceOf(Error);
  });

  it('without a cause has none, and is told apart from one that may pass', () => {
    expect('cause' in new Fault('X', 'x')).toBe(false);
    expect(new Fault('X', 'x')).not.toBeInstanceOf(RetryableError);
    expect(new RetryableError('X', 'x')).toBeInstanceOf(Fault);
  });
});
