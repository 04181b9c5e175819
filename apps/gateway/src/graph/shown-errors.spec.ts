import { RetryableError } from '@runledger/kernel';
import { QueryFailedError } from 'typeorm';
import { asRequestError } from './request-errors.js';
import { shownError } from './shown-errors.js';

const failed = (cause: Error) => new QueryFailedError('SELECT 1', [], cause);

describe('trouble that passes by itself', () => {
  it.each([
    ['a connection that was closed under a query', failed(new Error('Connection terminated'))],
    ['a server that shuts down', failed(Object.assign(new Error('terminating connection'), { code: '57P01' }))],
    ['a server that is not there', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a store that says so', new RetryableError('STORE_UNAVAILABLE', 'Not now.')],
  ])('is %s', (_what, error) => {
    expect(asRequestError(error)).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    expect(shownError({ message: 'x' }, error).extensions).toMatchObject({
      code: 'UNAVAILABLE',
      fix: expect.any(String),
    });
  });

  it('is not a character that no database takes: whoever sent it is told', () => {
    const refused = failed(Object.assign(new Error('invalid byte sequence'), { code: '22021' }));
    expect(shownError({ message: 'x' }, refused).extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('is not a statement that the database refuses', () => {
    expect(asRequestError(failed(Object.assign(new Error('no such column'), { code: '42703' })))).toBeUndefined();
    expect(asRequestError(new Error('Something else.'))).toBeUndefined();
  });
});
