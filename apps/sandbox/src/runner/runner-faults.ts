import { Fault, RetryableError } from '@runledger/kernel';

const MORE_MEMORY =
  'If that happens again, give the sandbox service more memory, or let fewer agents work at a time (SANDBOX_MAX_ATTEMPTS).';

/** The process that held an attempt's loop died and left no word about its end. */
export class RunnerLostError extends Fault {
  constructor(attempt: string, forWantOfMemory = false) {
    const died = `The process that held the agent of ${attempt} has died${forWantOfMemory ? ' for want of memory' : ''}.`;
    const goesOn = 'What it had said is kept, and the attempt goes on from there.';
    super('RUNNER_LOST', [died, goesOn, ...(forWantOfMemory ? [MORE_MEMORY] : [])].join(' '), { fields: { attempt } });
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
