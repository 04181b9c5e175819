import { Fault, RetryableError } from '@runledger/kernel';
import { AppendUncertainError, ReadInterruptedError } from '../postgres/store-errors.js';

/** EventStoreDB refused a call for a reason that repeating it does not cure. */
export class EventStoreDbFault extends Fault {
  constructor(cause: unknown) {
    super(
      'STORE_FAULT',
      `EventStoreDB refused a call: ${messageOf(cause)}. May this user read and write all streams, and is the server 21.10 or later?`,
      { cause },
    );
  }
}

/** The connection string cannot be used. It is not repeated here: it may hold a password. */
export class ConnectionStringError extends Fault {
  constructor(problem: string) {
    super(
      'INVALID_CONNECTION_STRING',
      `The connection string of EventStoreDB ${problem}. Write esdb://<user>:<password>@<host>:2113, or ?tls=false without a user for a server without TLS.`,
    );
  }
}

/** The server was told to forget the beginning of a stream. Whoever goes on with the rest decides on half of a story. */
export class StreamTruncatedError extends Fault {
  constructor(stream: string, firstRevision: number) {
    super(
      'STREAM_TRUNCATED',
      `Stream ${stream} begins at revision ${firstRevision}: its metadata in EventStoreDB has $maxCount or $maxAge. Streams of the platform must be kept whole: take both out of the metadata of the stream (before a scavenge nothing is lost), and see that nothing sets them again.`,
      { fields: { stream, firstRevision } },
    );
  }
}

/** The store was closed by this process: nothing was sent. */
export class StoreClosedError extends Fault {
  constructor() {
    super('STORE_CLOSED', 'This event store is closed: open another one, or stop whatever uses it before closing it.');
  }
}

/** gRPC statuses that pass by themselves, or that leave open what happened. */
const PASSING = new Set([1, 2, 4, 8, 10, 13, 14]);

/** Answers of the server that come with a status which passes, and of the client that come without one. */
const FINAL = new Set(['access-denied', 'missing-required-metadata-property', 'maximum-append-size-exceeded']);

interface ClientError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly actualVersion?: unknown;
  readonly maxAppendSize?: unknown;
}

/** The client's own name for an error, as in `stream-deleted`; undefined for errors from elsewhere. */
export function typeOf(error: unknown): string | undefined {
  const { type } = (error ?? {}) as ClientError;
  return typeof type === 'string' ? type : undefined;
}

/** Where the stream stood when the server refused the revision; -1 without events. */
export function actualRevision(error: unknown): number {
  const { actualVersion } = error as ClientError;
  return typeof actualVersion === 'bigint' ? Number(actualVersion) : -1;
}

/** The server's own limit for one append, in bytes. */
export function appendLimit(error: unknown): number {
  return Number((error as ClientError).maxAppendSize);
}

/**
 * Whether the same call may succeed later. A plain error without type and status is how the client says that it found no
 * node of a cluster; anything else without a status is an answer, or a defect.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof Fault) return error instanceof RetryableError;
  const type = typeOf(error);
  if (type === 'not-leader') return true;
  if (type !== undefined && FINAL.has(type)) return false;
  const { code } = (error ?? {}) as ClientError;
  if (typeof code === 'number') return PASSING.has(code);
  return type === undefined && (error as { readonly name?: unknown } | null)?.name === 'Error';
}

export function toAppendError(error: unknown): Error {
  if (error instanceof Fault && !(error instanceof RetryableError)) return error;
  return isPassing(error) ? new AppendUncertainError(error) : new EventStoreDbFault(error);
}

export function toReadError(error: unknown): Error {
  if (error instanceof Fault) return error;
  return isPassing(error) ? new ReadInterruptedError(error) : new EventStoreDbFault(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
