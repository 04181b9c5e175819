import { Logger } from '@nestjs/common';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { asRequestError } from './request-errors.js';

const CLIENT_CODES = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** What helps with what graphql-js and the server refuse: they name nothing themselves. */
const FIXES: Readonly<Record<string, string>> = {
  GRAPHQL_PARSE_FAILED: 'Correct the document at this place; `/explorer` shows mistakes as you write.',
  GRAPHQL_VALIDATION_FAILED:
    'Ask for what the schema has: `/explorer` completes operations and says what each field takes.',
  BAD_USER_INPUT: 'Send `variables` with what the operation declares; `/explorer` shows what each input holds.',
  BAD_REQUEST: 'POST one object `{ "query": …, "variables": { … } }` with `content-type: application/json`.',
  OPERATION_RESOLUTION_FAILURE: 'Name in `operationName` one of the operations of the document.',
};
const OVER_LIMIT = /limit of \d+ exceeded|more tha[nt] \d+ tokens/;

/** Characters of a message: the rest would only repeat what was sent. */
const LONGEST_MESSAGE = 1_000;

const log = new Logger('GraphQL');

/**
 * Errors as callers see them: code, message and fix, never a stack. A fault of ours is logged whole and shown as nothing
 * but the fact that it happened.
 */
export function shownError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const cause = causeOf(error);
  const where = {
    ...(formatted.locations && { locations: formatted.locations }),
    ...(formatted.path && { path: formatted.path }),
  };
  const request = asRequestError(cause);
  if (request) {
    return { message: request.message, ...where, extensions: { code: request.code, fix: request.fix } };
  }
  const { code, fix } = (formatted.extensions ?? {}) as { code?: unknown; fix?: unknown };
  if (typeof code === 'string' && CLIENT_CODES.has(code)) {
    return refused(formatted.message, where, { code, fix });
  }
  if (isCallersFault(cause)) return refused(formatted.message, where, { code: codeOf(formatted.message), fix });
  log.error(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  return {
    message: 'Something broke on our side; it was written to the log.',
    ...where,
    extensions: { code: 'INTERNAL_SERVER_ERROR', fix: 'Try again; if it stays, look into the log of the server.' },
  };
}

function refused(told: string, where: object, { code, fix }: { readonly code: string; readonly fix: unknown }) {
  const isOver = OVER_LIMIT.test(told);
  const helps = isOver ? 'Ask for less at once, or in several requests.' : FIXES[code];
  const message = withoutValue(isOver ? told.replace(/^Syntax Error: /, '') : told);
  return { message, ...where, extensions: { code, fix: typeof fix === 'string' ? fix : helps } };
}

/**
 * graphql-js repeats the whole value of a variable that does not fit: of a large one nobody finds the reason behind it, and secrets
 * that stand beside the mistake would end in logs. Short values, as of an enum, are what the reason is about.
 */
function withoutValue(message: string): string {
  const [, before, value = '', reason] =
    /^(Variable "\$\w+" got invalid value )([^]*?)((?: at "[^"]+")?; [^;]*)$/.exec(message) ?? [];
  if (before === undefined || reason === undefined) return message.slice(0, LONGEST_MESSAGE);
  const isShort = value.length <= 60 && !value.startsWith('{') && !value.startsWith('[');
  return `${before}${isShort ? value : '…'}${reason.slice(-LONGEST_MESSAGE)}`;
}

/** What was thrown, behind all that graphql-js wrapped around it. */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError !== undefined) cause = cause.originalError;
  return cause;
}

/** Syntax, validation and variable errors of graphql-js have no cause behind them. */
function isCallersFault(error: unknown): boolean {
  return error instanceof GraphQLError && error.originalError === undefined;
}

const NOT_A_VALUE =
  /^Variable "\$\w+" (?:got invalid value|of required type .* was not provided|of non-null type .* must not be null)/;

/** What the server says of an operation over HTTP; on sockets, where graphql-js is asked by ourselves, it is the same. */
function codeOf(message: string): string {
  if (NOT_A_VALUE.test(message)) return 'BAD_USER_INPUT';
  const isSyntax = message.startsWith('Syntax Error: ') && !/limit of \d+ exceeded/.test(message);
  return isSyntax ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED';
}

/** Sets the HTTP status that an error stands for, for errors that no resolver threw inside a list of data. */
export function statusOf(error: unknown): number | undefined {
  const cause = causeOf(error);
  return asRequestError(cause)?.status;
}
