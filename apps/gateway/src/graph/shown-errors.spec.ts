import { InvalidAppendError } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { GraphQLError } from 'graphql';
import { QueryFailedError } from 'typeorm';
import { asRequestError } from './request-errors.js';
import { shownError } from './shown-errors.js';

const failed = (cause: Error) => new QueryFailedError('SELECT 1', [], cause);

describe('a variable that does not fit', () => {
  const shown = (message: string) => shownError({ message }, new GraphQLError(message)).message;

  it('is named with the reason, and not with all that it holds: there may be secrets beside the mistake', () => {
    const value = '{ kind: "SLACK", slackBotToken: "xoxb-1; xoxb-2", nmae: "Ops" }';
    const reason = 'Field "nmae" is not defined by type "NotificationChannelInput". Did you mean "name"?';
    expect(shown(`Variable "$input" got invalid value ${value}; ${reason}`)).toBe(
      `Variable "$input" got invalid value …; ${reason}`,
    );
    const at =
      'Variable "$input" got invalid value "x".repeat(9) at "input.kind"; Value "x" does not exist in "Kind" enum.';
    expect(shown(at)).toBe(at);
    expect(shown(`Variable "$a" got invalid value "${'y'.repeat(64_000)}"; Int cannot represent it.`)).toBe(
      'Variable "$a" got invalid value …; Int cannot represent it.',
    );
  });
});

describe('what the caller did wrong', () => {
  const told = (message: string, code?: string) =>
    shownError({ message, ...(code && { extensions: { code } }) }, new GraphQLError(message));

  it.each([
    ['Syntax Error: Expected Name, found "}".', 'GRAPHQL_PARSE_FAILED'],
    ['Cannot query field "idd" on type "Run".', 'GRAPHQL_VALIDATION_FAILED'],
    ['Variable "$id" of required type "ID!" was not provided.', 'BAD_USER_INPUT'],
    ['Operation batching disabled.', 'BAD_REQUEST'],
    ['Unknown operation named "B".', 'OPERATION_RESOLUTION_FAILURE'],
  ])('is told with what helps: %s', (message, code) => {
    expect(told(message, code)).toEqual({ message, extensions: { code, fix: expect.stringMatching(/^.{20,}\.$/) } });
  });

  it.each([
    ['Syntax Error: Expected Name, found <EOF>.', 'GRAPHQL_PARSE_FAILED'],
    ['Syntax Error: Document contains more that 2000 tokens. Parsing aborted.', 'GRAPHQL_PARSE_FAILED'],
    ['Syntax Error: Aliases limit of 15 exceeded, found 20.', 'GRAPHQL_VALIDATION_FAILED'],
    ['Variable "$id" of required type "ID!" was not provided.', 'BAD_USER_INPUT'],
    ['Variable "$id" of non-null type "ID!" must not be null.', 'BAD_USER_INPUT'],
    ['Variable "$n" got invalid value "a"; Int cannot represent non-integer value: "a"', 'BAD_USER_INPUT'],
    ['Variable "$n" is never used.', 'GRAPHQL_VALIDATION_FAILED'],
  ])('has the same code on sockets, where no server has given it one: %s', (message, code) => {
    expect(told(message).extensions).toMatchObject({ code });
  });

  it('is not called a mistake in writing when it asks for too much', () => {
    const fix = 'Ask for less at once, or in several requests.';
    const limit = 'Query depth limit of 14 exceeded, found 15.';
    expect(told(`Syntax Error: ${limit}`)).toMatchObject({ message: limit, extensions: { fix } });
    const tokens = 'Syntax Error: Document contains more that 2000 tokens. Parsing aborted.';
    expect(told(tokens, 'GRAPHQL_PARSE_FAILED').extensions).toMatchObject({ fix });
  });
});

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
    const named = new InvalidAppendError('It cannot name a stream.', { stream: 'run-a\0' });
    expect(shownError({ message: 'x' }, named).extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(asRequestError(new InvalidAppendError('Two events with one id.', { stream: 'run-a' }))).toBeUndefined();
  });

  it('is not a statement that the database refuses', () => {
    expect(asRequestError(failed(Object.assign(new Error('no such column'), { code: '42703' })))).toBeUndefined();
    expect(asRequestError(new Error('Something else.'))).toBeUndefined();
  });
});
