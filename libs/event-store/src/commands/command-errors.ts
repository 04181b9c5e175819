import { Fault, RetryableError } from '@runledger/kernel';

/** A decider made an event that its own catalogue refuses: a defect of the program, nothing was stored. */
export class InvalidEventError extends Fault {
  constructor(eventType: string, reason: string, cause?: unknown) {
    super('INVALID_EVENT', `Event ${eventType} was not stored: ${reason}.`, { cause, fields: { eventType } });
  }
}

/** Others kept appending to the stream while this command was being decided. Send it again with the same id. */
export class StreamBusyError extends RetryableError {
  constructor(stream: string, attempts: number) {
    super('STREAM_BUSY', `Stream ${stream} changed ${attempts} times while the command was decided; send it again.`, {
      fields: { stream, attempts },
    });
  }
}

/** The stream was tombstoned and takes no events any more. */
export class StreamEndedError extends Fault {
  constructor(stream: string) {
    super('STREAM_ENDED', `Stream ${stream} was ended for good; nothing can be appended to it.`, {
      fields: { stream },
    });
  }
}
