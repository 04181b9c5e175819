import { Fault } from '@runledger/kernel';

/** A consumer that nobody could run. */
export class InvalidConsumerError extends Fault {
  constructor(consumer: string, why: string) {
    super('INVALID_CONSUMER', `The consumer "${consumer}" cannot be defined: ${why}.`, { fields: { consumer } });
  }
}

/** There is no consumer of this name in the service. */
export class UnknownConsumerNameError extends Fault {
  constructor(consumer: string, known: readonly string[]) {
    super('UNKNOWN_CONSUMER_NAME', `This service has no consumer ${consumer}. It has: ${known.join(', ')}.`, {
      fields: { consumer },
    });
  }
}

/** A consumer does not say how its effects are taken back. */
export class NoUndoError extends Fault {
  constructor(consumer: string) {
    super(
      'NO_UNDO',
      `${consumer} cannot be replayed: its effects would count twice. Give it an \`undo\` that takes back what it did; an empty one, if doing it again changes nothing.`,
      { fields: { consumer } },
    );
  }
}

/** The handler went on after a statement had failed, so the database took everything back. */
export class SwallowedFailureError extends Fault {
  constructor(consumer: string) {
    super(
      'SWALLOWED_FAILURE',
      `A statement of ${consumer} failed and its handler went on: nothing was kept. Let the failure through, or avoid it with ON CONFLICT.`,
      { fields: { consumer } },
    );
  }
}

/** Parts of this event lie in the blob store, and this service was not told where that is. */
export class NoBlobStoreError extends Fault {
  constructor() {
    super(
      'NO_BLOB_STORE',
      'This event is too large for the log, and parts of it are in the blob store: set BLOBS_S3_BUCKET or RUNLEDGER_HOME as for the platform.',
    );
  }
}
