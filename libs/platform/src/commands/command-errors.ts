import { Fault, RetryableError } from '@runledger/kernel';

/** Nobody answers the command (yet): start the service that owns it, or send it again in a moment. */
export class ServiceUnavailableError extends RetryableError {
  constructor(service: string, command: string, cause?: unknown) {
    super('SERVICE_UNAVAILABLE', `The ${service} service does not answer ${command}; is it started?`, {
      cause,
      fields: { service, command },
    });
  }
}

/** The command's data does not fit its schema: a defect of the caller. */
export class InvalidCommandError extends Fault {
  constructor(command: string, cause: unknown) {
    super('INVALID_COMMAND', `Command ${command} was not sent: its data does not fit its schema.`, { cause });
  }
}
