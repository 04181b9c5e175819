import type { Position, RecordedEvent } from '@runledger/event-store';
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

/** Nobody has ever run a projection of this name on this database. */
export class ProjectionUnknownError extends Fault {
  constructor(projection: string) {
    super('PROJECTION_UNKNOWN', `Projection ${projection} has never run on this database.`, { fields: { projection } });
  }
}

/** Another process has some of the partitions now (R3). */
export class PartitionsLostError extends Fault {
  constructor(projection: string) {
    super('FENCED', `Another process has taken over partitions of projection ${projection}.`, {
      fields: { projection },
    });
  }
}

/** A database that died has forgotten commits: the leases of this process are of a time that never was (R3). */
export class CommitsForgottenError extends Fault {
  constructor(projection: string) {
    super('FENCED', `The database has forgotten rows of projection ${projection}; they are written again.`, {
      fields: { projection },
    });
  }
}

/** A newer program has rebuilt the rows: this one must leave them alone. */
export class NewerRowsError extends Fault {
  constructor(projection: string, version: number, rows: number) {
    super(
      'NEWER_ROWS',
      `The rows of projection ${projection} were made by version ${rows}, this program makes ${version}: upgrade the program, or go back with npm run projections -- rebuild ${projection}.`,
      { fields: { projection, version, rows } },
    );
  }
}

/** A projection threw at an event: a rebuild cannot go on until the projection is mended. */
export class CannotApplyError extends Fault {
  readonly position: Position;
  readonly eventType: string;

  constructor(projection: string, { position, type: eventType }: RecordedEvent, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      'CANNOT_APPLY',
      `Projection ${projection} cannot take ${eventType} at position ${position}: ${why}. Mend the projection, then run this again.`,
      { cause, fields: { projection, position, eventType } },
    );
    this.position = position;
    this.eventType = eventType;
  }
}
