import { errorOf } from './call-errors.js';

const error = (more: object, message = 'No.') => Object.assign(new Error(message), { stack: 'at home', ...more });
const throwing = (name: string) =>
  Object.defineProperty(new Error('No.'), name, {
    get: () => {
      throw new Error('Nobody looks.');
    },
  });
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
const UNREADABLE = 'The function threw something that cannot be read.';

describe('what a step says of a throw', () => {
  it('is the code, the message, the fix and the need of the error', () => {
    expect(errorOf(error({ code: 'TRACKER', fix: 'Ask.', needs: 'tracker' }))).toEqual({
      ...{ code: 'TRACKER', message: 'No.', fix: 'Ask.', needs: 'tracker', stack: 'at home' },
    });
  });

  it.each([
    ['a text', 'No.', 'No.'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('no'), 'Symbol(no)'],
    ['an object with a message', { message: 'No.' }, 'No.'],
    ['an object without one', {}, 'The function threw an object without a message.'],
    ['an object without a prototype', Object.create(null), 'The function threw an object without a message.'],
    ['an error whose message is an object', error({ message: { a: 1 } }), 'Error'],
    ['an error whose stack is a number', error({ stack: 7 }), 'No.'],
    ['an error whose code is a number', error({ code: 7 }), 'No.'],
    ['an error whose message throws', throwing('message'), UNREADABLE],
    ['an error whose code throws', throwing('code'), UNREADABLE],
    ['a proxy that is no more', revoked(), UNREADABLE],
  ])('is something whatever is thrown: %s', (_what, thrown, message) => {
    expect(errorOf(thrown)).toMatchObject({ code: 'FUNCTION_FAILED', message });
  });

  it.each([
    ['a cause', error({ cause: error({ cause: error({}, 'connect ECONNREFUSED') }, 'socket') }, 'fetch failed')],
    ['causes', new AggregateError([new Error('socket'), 'connect ECONNREFUSED'], 'fetch failed')],
  ])('goes on to %s', (_what, thrown) => {
    expect(errorOf(thrown).message).toMatch(/^fetch failed: socket[:;] connect ECONNREFUSED$/);
  });

  it('ends where an error is its own cause, and does not say a thing twice', () => {
    const round = error({});
    expect(errorOf(Object.assign(round, { cause: round })).message).toBe('No.');
  });

  it('has no code that only the platform may say, nor one that objects have', () => {
    for (const code of ['BUDGET', 'DISK_FULL', 'auth', 'quota', 'PROVIDER_NOT_CONNECTED']) {
      expect(errorOf(error({ code }))).toMatchObject({ code: 'FUNCTION_FAILED', message: `No. (${code})` });
    }
    for (const code of ['INTEGRATION', 'CANCELLED', 'constructor']) {
      expect(errorOf(error({ code }))).toMatchObject({ code, message: 'No.' });
    }
  });
});
