import { RetryableError } from '@runledger/kernel';

/** SQLSTATEs and socket errors of a database that goes away, is away, or comes back. */
const CODES = new Set([
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08001',
  '08003',
  '08006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]);
/** What the driver says, without a code, of a connection or pool that was closed under a query. */
const CLOSED = /^(Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end)/;

/**
 * True for what passes by itself: the database restarts, or this process is about to end. The same request may simply be sent
 * again; whoever lost the database says so in the log on its own.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { readonly code?: unknown; readonly driverError?: unknown };
  if (typeof code === 'string' && CODES.has(code)) return true;
  return CLOSED.test(error.message) || (driverError !== undefined && driverError !== error && isPassing(driverError));
}
