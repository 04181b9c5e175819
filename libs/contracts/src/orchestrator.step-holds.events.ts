import { z } from 'zod';
import { blockCause } from './block-cause.js';
import { defineEvent } from './define-event.js';
import { stepKey, timestamp } from './values.js';

const runId = z.string();
const attempt = z.int().positive();

/**
 * An attempt needs something from outside the run. It has ended, and resuming is a new attempt; but one that is merely
 * `SILENT` may still be at work: then `StepHeardAgain` follows when it is. Siblings go on.
 */
export const StepBlocked = defineEvent({
  type: 'StepBlocked',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, attempt, cause: blockCause, blockedAt: timestamp }),
});

/** Something was heard of an attempt that was blocked because it was silent: it goes on, nothing was lost. */
export const StepHeardAgain = defineEvent({
  type: 'StepHeardAgain',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, attempt, heardAt: timestamp }),
});

/** The worker of an attempt died or the platform is being updated; not a failure: another worker takes the attempt up. */
export const StepInterrupted = defineEvent({
  type: 'StepInterrupted',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, attempt, reason: z.string(), interruptedAt: timestamp }),
});

/** A worker has taken an interrupted attempt up again. */
export const StepReattached = defineEvent({
  type: 'StepReattached',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, attempt, worker: z.string(), reattachedAt: timestamp }),
});
