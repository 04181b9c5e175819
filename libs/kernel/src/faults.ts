/** A fault: something broke that the caller could not expect. Its message says what, where and what to do. */
export class Fault extends Error {
  constructor(
    readonly code: string,
    message: string,
    options: { readonly cause?: unknown; readonly fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.fields = options.fields ?? {};
  }

  readonly fields: Readonly<Record<string, unknown>>;
}

/** A fault that may go away by itself: the same call with the same ids may be repeated. Thrown by adapters only. */
export class RetryableError extends Fault {}
