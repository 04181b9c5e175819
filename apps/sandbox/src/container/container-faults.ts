import { Fault, RetryableError } from '@runledger/kernel';

/** The image of a profile cannot be had, or does not fit. The operator or the profile has to change. */
export class ImageUnusableError extends Fault {
  constructor(
    image: string,
    what: string,
    readonly fix: string,
    cause?: unknown,
  ) {
    super('IMAGE_UNUSABLE', `Image ${image} cannot be used: ${what}`, { cause, fields: { image } });
  }
}

/** The engine did not answer, or said that it cannot at the moment. */
export class EngineSilentError extends RetryableError {
  constructor(engine: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super('ENGINE_SILENT', `${engine} does not answer: ${reason}. Look whether it runs.`, {
      cause,
      fields: { engine },
    });
  }
}

/** The connection to a call broke off before it was known how the call ended. What is known inside is asked for when it is made again. */
export class CallCutOffError extends RetryableError {
  constructor(callId: string) {
    super('CALL_CUT_OFF', `The connection to call ${callId} in its container broke off. It is looked for again.`, {
      fields: { callId },
    });
  }
}
