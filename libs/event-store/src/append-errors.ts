import { Fault } from '@runledger/kernel';

/** An event or an append is larger than every store takes. Nothing was stored; move big content to the blob store. */
export class AppendTooLargeError extends Fault {
  constructor(
    what: string,
    readonly actual: number,
    readonly limit: number,
    unit: 'bytes' | 'events' = 'bytes',
  ) {
    super(
      'APPEND_TOO_LARGE',
      `${what} has ${actual} ${unit}, the limit is ${limit}: split the append, or keep the content in the blob store and append its reference.`,
      { fields: { actual, limit, unit } },
    );
  }
}

/** The append can never succeed as it is: a defect of the caller. Nothing was stored. */
export class InvalidAppendError extends Fault {
  constructor(
    message: string,
    options: { readonly code?: string; readonly cause?: unknown; readonly stream?: string } = {},
  ) {
    super(options.code ?? 'INVALID_APPEND', message, {
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      fields: options.stream === undefined ? {} : { stream: options.stream },
    });
  }
}

/** Some of the ids, not all, are in the stream already: these are two different appends that share event ids. */
export class EventIdReusedError extends InvalidAppendError {
  constructor(stream: string) {
    super(
      `Stream ${stream} has some of these event ids already, but not all: an id was used for two events. Retry an append with exactly the same events, or make new ids.`,
      { code: 'EVENT_ID_REUSED', stream },
    );
  }
}
