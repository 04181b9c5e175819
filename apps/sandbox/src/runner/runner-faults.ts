import { Fault, RetryableError } from '@runledger/kernel';

/** The process that held an attempt's loop died and left no word about its end. */
export class RunnerLostError extends Fault {
  constructor(attempt: string) {
    super(
      'RUNNER_LOST',
      `The process that held the agent of ${attempt} has died. What it had said is kept, and the attempt goes on from there.`,
      {
        fields: { attempt },
      },
    );
  }
}

/** No process could be started that would hold the loop. */
export class RunnerNotStartedError extends Fault {
  constructor(reason: string, log: string, cause?: unknown) {
    super(
      'RUNNER_NOT_STARTED',
      `A runner could not be started: ${reason}. ${log === '' ? '' : `It said: ${log}`}`.trim(),
      { fields: { reason }, cause },
    );
  }
}

/** A process was started, but the machine was too busy for it to say so in time. */
export class RunnerLateError extends RetryableError {
  constructor(waitedMs: number) {
    super(
      'RUNNER_LATE',
      `A runner was not ready within ${waitedMs / 1_000} s: the machine is too busy. It is tried again.`,
      {
        fields: { waitedMs },
      },
    );
  }
}

/** What ended a runner's work, with the code that it has there. */
export class RunnerFault extends Fault {}

/** The same, of something that may pass. */
export class PassingRunnerFault extends RetryableError {}
