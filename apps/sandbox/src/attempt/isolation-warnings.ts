import { ToldTogether, type ConsumerLog, type ToldTogetherOptions } from '@runledger/messaging';
import type { ReadyAttempt } from './attempt-place.js';
import type { StepResult } from './step-run.js';
import { headOf } from './storable-text.js';

/** What launchers and engines say of a machine has no bound. */
const LONGEST_CAUSE = 1_000;

/**
 * Tells the operator of steps that are blocked because untrusted work cannot be isolated here: who reads the run may not mend it. Of the
 * first at once, of those that come fast behind it together: what is wrong with a driver is wrong for all of its runs.
 */
export class IsolationWarnings {
  readonly #blocked: ToldTogether;

  constructor(
    private readonly log: ConsumerLog,
    options: ToldTogetherOptions = {},
  ) {
    this.#blocked = new ToldTogether(options);
  }

  /** To be called with how an attempt ends, whatever that is. */
  look({ place, ready }: ReadyAttempt, driver: string, { error }: StepResult): void {
    if (error?.code !== 'SANDBOX_UNAVAILABLE') return;
    const steps = this.#blocked.add(driver);
    if (steps === undefined) return;
    const { runId, step } = place;
    const fields = { runId, step, profile: ready.profile, driver, steps, cause: headOf(error.message, LONGEST_CAUSE) };
    this.log.warn(fields, 'A step has no sandbox and is blocked: untrusted work cannot be isolated here.');
  }
}
