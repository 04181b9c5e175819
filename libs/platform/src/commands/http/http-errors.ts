import { Fault, RetryableError } from '@runledger/kernel';

/** The service token is missing, forged, too old, or for another service or command. Nothing was done. */
export class ServiceTokenRefusedError extends Fault {
  constructor(service: string, reason: string, cause?: unknown) {
    super(
      'SERVICE_TOKEN_REFUSED',
      `The ${service} service refused a command: its service token ${reason}. ` +
        'Do both sides have the keys of the same installation, and the same time?',
      { cause, fields: { service } },
    );
  }
}

/** The caller is who it says, and may not send commands to this service. Nothing was done. */
export class CallerNotAllowedError extends Fault {
  constructor(service: string, caller: string) {
    super('CALLER_NOT_ALLOWED', `The ${caller} service may not send commands to the ${service} service.`, {
      fields: { service, caller },
    });
  }
}

/** The service runs and has no such command: caller and service are of different versions, or at the wrong address. */
export class UnknownCommandError extends Fault {
  constructor(service: string, command: string) {
    super('UNKNOWN_COMMAND', `There is no command ${command} at the ${service} service; are both of one version?`, {
      fields: { service, command },
    });
  }
}

/** The body is no command: a defect of the caller, or of something between. Nothing was done. */
export class MalformedCommandError extends Fault {
  constructor(service: string, reason: string, cause?: unknown) {
    super('MALFORMED_COMMAND', `The ${service} service could not read a command: ${reason}.`, {
      cause,
      fields: { service },
    });
  }
}

/** More bytes than a service reads. Nothing was done. */
export class CommandTooLargeError extends Fault {
  constructor(service: string, maxBytes: number) {
    super('COMMAND_TOO_LARGE', `The ${service} service takes commands of up to ${maxBytes} bytes.`, {
      fields: { service, maxBytes },
    });
  }
}

/** This process is starting or stopping: another replica may answer, or this one in a moment. Nothing was done. */
export class NotTakingCommandsError extends RetryableError {
  constructor(service: string) {
    super('SERVICE_UNAVAILABLE', `This process of the ${service} service takes no commands now.`, {
      fields: { service },
    });
  }
}

/** Nobody waits for the answer any more. Nothing was done. */
export class DeadlinePassedError extends RetryableError {
  constructor(service: string, command: string) {
    super('DEADLINE_PASSED', `${command} came to the ${service} service after its deadline.`, {
      fields: { service, command },
    });
  }
}

/** No answer in time. The command may have been done: send it again with the same id, and it counts once. */
export class CommandTimeoutError extends RetryableError {
  constructor(service: string, command: string, withinMs: number, cause?: unknown) {
    super('COMMAND_TIMEOUT', `The ${service} service did not answer ${command} within ${withinMs} ms.`, {
      cause,
      fields: { service, command, withinMs },
    });
  }
}

/** What the service needs, its database above all, was away or overloaded: another replica may answer, or this one in a moment. */
export class ServiceHinderedError extends RetryableError {
  constructor(service: string, command: string) {
    super('SERVICE_UNAVAILABLE', `The ${service} service cannot do ${command} for a moment; send it again.`, {
      fields: { service, command },
    });
  }
}

/** The service has a defect; what exactly broke is in its own log. */
export class ServiceFailedError extends Fault {
  constructor(service: string, command: string) {
    super('SERVICE_FAILED', `The ${service} service failed at ${command}; its log says why.`, {
      fields: { service, command },
    });
  }
}

/** Something answered that does not speak as a service does, or not as this version understands. */
export class StrangeAnswerError extends Fault {
  constructor(service: string, command: string, why: string, cause?: unknown) {
    super(
      'STRANGE_ANSWER',
      `The answer of the ${service} service to ${command} cannot be read: ${why}. Is it at this address, and of this version?`,
      { cause, fields: { service, command } },
    );
  }
}
