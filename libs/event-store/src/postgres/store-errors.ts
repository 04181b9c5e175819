import { Fault, RetryableError } from '@runledger/kernel';
import { InvalidAppendError } from '../append-errors.js';

/** No connection could be made: nothing was sent. The same call may be repeated. */
export class StoreUnavailableError extends RetryableError {
  constructor(cause: unknown) {
    super(
      'STORE_UNAVAILABLE',
      `The event store's PostgreSQL cannot be reached (${messageOf(cause)}); it is tried again.`,
      {
        cause,
      },
    );
  }
}

/** It is not known whether the append was stored. Send it again with the same ids and the same expected revision (E1). */
export class AppendUncertainError extends RetryableError {
  constructor(cause: unknown) {
    super(
      'APPEND_UNCERTAIN',
      `The store did not confirm the append (${messageOf(cause)}); send it again with the same ids.`,
      {
        cause,
      },
    );
  }
}

/** A read was interrupted; it may be repeated. */
export class ReadInterruptedError extends RetryableError {
  constructor(cause: unknown) {
    super('READ_INTERRUPTED', `A read of the event store was interrupted (${messageOf(cause)}); repeat it.`, { cause });
  }
}

/** PostgreSQL refused a statement for a reason that repeating it does not cure. */
export class StoreFault extends Fault {
  constructor(cause: unknown) {
    super(
      'STORE_FAULT',
      `The event store's PostgreSQL refused a statement: ${messageOf(cause)}. Was its schema made (npm run migrate, or a first start), and may this role use the schema?`,
      { cause },
    );
  }
}

/** The database role of one service asked to write a stream of another one (E3). Nothing was stored. */
export class ForeignStreamError extends Fault {
  constructor(role: string, stream: string, cause: unknown) {
    super(
      'FOREIGN_STREAM',
      `Database role ${role} may not write stream ${stream}: its category belongs to another service. Start this service with the DATABASE_URL of its own role.`,
      { cause, fields: { role, stream } },
    );
  }
}

/** Classes of SQLSTATE that pass by themselves: connection, transaction rollback, resources, locks, operator, system. */
const PASSING = ['08', '25', '40', '53', '55', '57', '58'];

export function toAppendError(error: unknown): Error {
  if (error instanceof Fault) return error;
  const state = sqlState(error);
  if (state === undefined || isPassing(state)) return new AppendUncertainError(error);
  if (state === FOREIGN_STREAM) return foreignStream(error);
  if (state.startsWith('22') || state.startsWith('23')) {
    return new InvalidAppendError(`PostgreSQL cannot store the append: ${messageOf(error)}.`, { cause: error });
  }
  return new StoreFault(error);
}

export function toReadError(error: unknown): Error {
  if (error instanceof Fault) return error;
  const state = sqlState(error);
  return state === undefined || isPassing(state) ? new ReadInterruptedError(error) : new StoreFault(error);
}

/** 23505: on the short way, the sign that an event id is in the stream already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/** 42501: the role has no right to do this in this way. */
export function isDenied(error: unknown): boolean {
  return sqlState(error) === '42501';
}

/** Raised by `require_writer` (roles/service-roles.sql), which names the role as schema and the stream as table. */
const FOREIGN_STREAM = 'RL001';

function foreignStream(error: unknown): ForeignStreamError {
  const { schema = '', table = '' } = error as { schema?: string; table?: string };
  return new ForeignStreamError(schema, table, error);
}

function isPassing(state: string): boolean {
  return PASSING.includes(state.slice(0, 2));
}

/** Undefined for errors that did not come from the server: broken sockets and the like. */
function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
