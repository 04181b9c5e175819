import { QueryFailedError } from 'typeorm';
import { InvalidAppendError } from '@runledger/event-store';
import { Fault, isStorable } from '@runledger/kernel';
import { isTransient } from '@runledger/messaging';

export type RequestErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'UNKNOWN_EVENT_TYPE'
  | 'UNKNOWN_STREAM_CATEGORY'
  | 'INVALID_CURSOR'
  | 'CURSOR_EXPIRED'
  | 'READ_MODEL_BEHIND'
  | 'READ_MODEL_FAULTED'
  | 'PAYLOAD_TOO_LARGE'
  | 'RATE_LIMITED'
  | 'TOO_MANY_OPERATIONS'
  | 'OPERATION_NOT_STORED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PLATFORM_STARTING'
  | 'UNAVAILABLE';

const STATUS: Record<RequestErrorCode, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  UNKNOWN_EVENT_TYPE: 400,
  UNKNOWN_STREAM_CATEGORY: 400,
  INVALID_CURSOR: 400,
  CURSOR_EXPIRED: 410,
  READ_MODEL_BEHIND: 503,
  READ_MODEL_FAULTED: 503,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  TOO_MANY_OPERATIONS: 429,
  OPERATION_NOT_STORED: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  PLATFORM_STARTING: 503,
  UNAVAILABLE: 503,
};

/** A request that cannot be answered, with what the caller can do about it; shown to callers as it is. */
export class RequestError extends Fault {
  constructor(
    override readonly code: RequestErrorCode,
    message: string,
    readonly fix: string,
    more: { readonly cause?: unknown; readonly fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(code, message, more);
  }

  /** HTTP status that says the same. */
  get status(): number {
    return STATUS[this.code];
  }
}

/**
 * What callers are told of an error, when there is something to tell: it speaks for itself, or it passes by itself, as when
 * the database restarts or this process is about to end. Whoever lost the database says so in the log on its own.
 */
export function asRequestError(error: unknown): RequestError | undefined {
  if (error instanceof RequestError) return error;
  if (holdsNul(error)) {
    return new RequestError(
      'BAD_USER_INPUT',
      'A text in the request holds the character NUL, which no name has.',
      'Leave it out.',
      { cause: error },
    );
  }
  if (!isTransient(error)) return undefined;
  return new RequestError(
    'UNAVAILABLE',
    'The platform cannot answer this for a moment.',
    'Send it again in a second.',
    { cause: error },
  );
}

/**
 * PostgreSQL takes every character in a text but this one (`character_not_in_repertoire`), and drivers send no other bad one. The
 * log is asked for streams that are called after ids of the request.
 */
function holdsNul(error: unknown): boolean {
  if (error instanceof InvalidAppendError) {
    const stream = error.fields['stream'];
    return typeof stream === 'string' && !isStorable(stream);
  }
  const cause = error instanceof QueryFailedError ? (error.driverError as unknown) : error;
  return cause instanceof Error && 'code' in cause && cause.code === '22021';
}
