import { RetryableError } from '@runledger/kernel';
import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isTransient } from './transient.js';

const withCode = (code: string) => Object.assign(new Error('it says so'), { code });

describe('a failure that may go away by itself', () => {
  it.each([
    ['a database that starts up', withCode('57P03')],
    ['a server that is not there', withCode('ECONNREFUSED')],
    ['a server whose socket is not there', Object.assign(withCode('ENOENT'), { syscall: 'connect' })],
    ['a deadlock', withCode('40P01')],
    ['a broken connection', new Error('Connection terminated unexpectedly')],
    ['a connection that nobody answers', new Error('timeout expired')],
    ['a transaction whose connection broke', new QueryRunnerAlreadyReleasedError()],
    ['a transaction whose connection broke, met through a repository', new QueryRunnerProviderAlreadyReleasedError()],
    ['what an adapter calls passing', new RetryableError('NOT_NOW', 'later')],
    ['the same below a layer', Object.assign(new Error('query failed'), { driverError: withCode('57P01') })],
  ])('is %s', (_, error) => {
    expect(isTransient(error)).toBe(true);
  });

  it.each([
    ['a row that breaks a constraint', withCode('23505')],
    ['a table that is missing', withCode('42P01')],
    ['a file that is missing', Object.assign(withCode('ENOENT'), { syscall: 'open' })],
    ['a mistake in a program', new TypeError('undefined is not a function')],
    ['something that is no error', 'text'],
  ])('is not %s', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });
});
