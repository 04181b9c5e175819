import type { Position } from '@runledger/event-store';
import { Fault, RetryableError } from '@runledger/kernel';

/** The read model did not come as far as asked within the time given: ask again, or ask without `atLeast`. */
export class ReadModelBehindError extends RetryableError {
  constructor(projection: string, position: Position, wanted: Position) {
    super('READ_MODEL_BEHIND', `Read model ${projection} is at ${position}, not yet at ${wanted}; ask again.`, {
      fields: { projection, position, wanted },
    });
  }
}

/** Nobody started this projection in this process. */
export class ProjectionNotRunningError extends Fault {
  constructor(projection: string) {
    super('PROJECTION_NOT_RUNNING', `Projection ${projection} is not running in this process; start it first.`, {
      fields: { projection },
    });
  }
}

/** Another owner took the projection over while this one was about to empty its tables (R3). */
export class RebuildTakenOverError extends Fault {
  constructor(projection: string, cause?: unknown) {
    super('FENCED', `Projection ${projection} is being built by another owner; this one left its tables alone.`, {
      cause,
      fields: { projection },
    });
  }
}

const TRANSIENT_CODES = /^(08...|57P0[123]|53...|40001|40P01|55P03|ECONN(REFUSED|RESET)|EPIPE|ETIMEDOUT)$/;

/** True when the database was away or busy, so that the same work may succeed later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && TRANSIENT_CODES.test(code)) return true;
  if (/^(Connection terminated|Client has encountered a connection error)/.test(error.message)) return true;
  return isTransient(driverError);
}
