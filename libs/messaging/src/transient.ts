import { RetryableError } from '@runledger/kernel';

/** SQLSTATE classes and system errors that say "not now": connections, restarts, sessions ended for their silence, resources, serialisation, deadlocks. */
const TRANSIENT_CODES =
  /^(08...|25P03|57P0[123]|53...|40001|40P01|55P03|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT)$/;
const TRANSIENT_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when|timeout expired)/;

/** What TypeORM says to whoever goes on in a transaction whose connection broke. */
const BROKEN_TRANSACTIONS = ['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError'];

/** True when the same work may succeed later: a RetryableError, or a database or peer that was away or busy. */
export function isTransient(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  if (!(error instanceof Error)) return false;
  const { code, syscall, driverError } = error as { code?: unknown; syscall?: unknown; driverError?: unknown };
  if (typeof code === 'string' && TRANSIENT_CODES.test(code)) return true;
  // A server whose socket is a file takes it away when it stops.
  if (code === 'ENOENT' && syscall === 'connect') return true;
  if (BROKEN_TRANSACTIONS.includes(error.name)) return true;
  return TRANSIENT_MESSAGES.test(error.message) || isTransient(driverError);
}
