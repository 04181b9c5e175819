import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { concurrencyRule, fileRetention, stepDefinition } from './flow-definition.js';
import {
  actorSchema,
  attemptOutcome,
  cancelMode,
  json,
  problem,
  runChoices,
  slug,
  stepError,
  stepKey,
  subject,
  timestamp,
  trigger,
} from './values.js';

const runId = z.string();

/** Which run this one tries again (`RETRY`), or goes on from with a step of it (`RERUN`). */
export const runLineage = z.strictObject({
  kind: z.enum(['RETRY', 'RERUN']),
  of: runId,
  /** The step from which on everything runs again; left out: all of it. */
  fromStep: stepKey.optional(),
});
export type RunLineage = z.infer<typeof runLineage>;

/** A step that is done from the beginning, because the run that this one goes back to has done it. */
export const inheritedStep = z.strictObject({
  step: stepKey,
  state: z.enum(['COMPLETED', 'SKIPPED']),
  /** The run that did it, and with which attempt; not necessarily the one in `lineage`. 0: no attempt, people passed it. */
  from: z.strictObject({ runId, attempt: z.int().nonnegative() }),
  outcome: attemptOutcome.extract(['SUCCESS', 'PARTIAL']).optional(),
  summary: z.string().optional(),
  output: json.optional(),
  /** Skipped because no route led there. */
  notTaken: z.boolean().optional(),
});
export type InheritedStep = z.infer<typeof inheritedStep>;

/** A run was accepted with its flow version pinned. Stream `run-<key>`, first event. */
export const RunStarted = defineEvent({
  type: 'RunStarted',
  version: 1,
  schema: z.strictObject({
    runId,
    flowId: z.string(),
    flowSlug: slug,
    flowName: z.string(),
    flowVersion: z.int(),
    flowHash: z.string(),
    steps: z.array(stepDefinition),
    /** Set when `steps` is this one step of the flow's, without what it needs there. */
    onlyStep: stepKey.optional(),
    /** The environments that the flow requires as a whole; left out: none. */
    environments: z.array(z.string()).optional(),
    /** Of the flow, with its references filled in: the run waits for its turn among those with the same key. */
    concurrency: concurrencyRule.optional(),
    /** Of the flow. */
    retention: fileRetention.optional(),
    parameters: z.record(z.string(), json),
    choices: runChoices,
    startedBy: actorSchema,
    trigger,
    subject: subject.optional(),
    idempotencyKey: z.string().optional(),
    /** SHA-256 of what was asked for, so that a key used again for something else is noticed. */
    requestHash: z.string(),
    lineage: runLineage.optional(),
    inherited: z.array(inheritedStep).optional(),
    startedAt: timestamp,
  }),
});

/** A start was declined before any step existed; not a failed run. Stream `run-<key>`, the only event. */
export const RunDeclined = defineEvent({
  type: 'RunDeclined',
  version: 1,
  schema: z.strictObject({
    runId,
    flow: z.string(),
    code: z.string(),
    message: z.string(),
    fix: z.string().optional(),
    details: z.array(problem),
    requestedBy: actorSchema,
    trigger,
    declinedAt: timestamp,
  }),
});

/** No further step starts until the run is resumed; each agent stops after its current tool call. */
export const RunPaused = defineEvent({
  type: 'RunPaused',
  version: 1,
  schema: z.strictObject({
    runId,
    /**
     * `STEP_FAILED`: `step` failed and its flow wants the run to pause then. `QUEUE`: its turn has not come. `BUDGET`: a call of
     * `step` does not fit into a budget, which `reason` names.
     */
    cause: z.enum(['OPERATOR', 'STEP_FAILED', 'QUEUE', 'BUDGET']),
    step: stepKey.optional(),
    by: actorSchema,
    reason: z.string().optional(),
    pausedAt: timestamp,
  }),
});

/** A run that was paused or blocked goes on. */
export const RunResumed = defineEvent({
  type: 'RunResumed',
  version: 1,
  schema: z.strictObject({
    runId,
    /** Blocked or failed steps that get a new attempt with this. */
    retried: z.array(stepKey),
    by: actorSchema,
    resumedAt: timestamp,
  }),
});

/** A run that had ended goes on in its own stream: what is done stays done, the rest is pending again. */
export const RunReopened = defineEvent({
  type: 'RunReopened',
  version: 1,
  schema: z.strictObject({
    runId,
    verb: z.enum(['RESUME', 'RETRY', 'SKIP', 'FORCE_ADVANCE']),
    from: z.enum(['FAILED', 'CANCELLED']),
    /**
     * `REMAINING`: every step that is not completed or skipped is pending again; `BEGINNING`: every step is; `STEP`: `step` and
     * what had not begun are, other failed steps stay failed.
     */
    scope: z.enum(['REMAINING', 'BEGINNING', 'STEP']),
    step: stepKey.optional(),
    /** The parameters from now on, when they changed. */
    parameters: z.record(z.string(), json).optional(),
    /** The flow version from now on, when it changed. */
    flow: z.strictObject({ version: z.int(), hash: z.string(), steps: z.array(stepDefinition) }).optional(),
    by: actorSchema,
    reopenedAt: timestamp,
  }),
});

/** Someone asked to cancel: executing attempts are being stopped. */
export const RunCancelRequested = defineEvent({
  type: 'RunCancelRequested',
  version: 1,
  schema: z.strictObject({
    runId,
    mode: cancelMode,
    by: actorSchema,
    /** When the platform stops waiting for the sandbox to confirm that an attempt has ended. */
    stopBy: timestamp.optional(),
    requestedAt: timestamp,
  }),
});

/** Every step is completed or skipped. */
export const RunCompleted = defineEvent({
  type: 'RunCompleted',
  version: 1,
  schema: z.strictObject({ runId, completedAt: timestamp }),
});

/** A step failed and the flow does not go on. */
export const RunFailed = defineEvent({
  type: 'RunFailed',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, error: stepError, failedAt: timestamp }),
});

/** A person said no at a gate. */
export const RunRejected = defineEvent({
  type: 'RunRejected',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    gateId: z.string(),
    by: actorSchema,
    comment: z.string().optional(),
    rejectedAt: timestamp,
  }),
});

/** The run was cancelled and nothing of it executes any more. */
export const RunCancelled = defineEvent({
  type: 'RunCancelled',
  version: 1,
  schema: z.strictObject({
    runId,
    by: actorSchema,
    /** Steps whose sandbox did not confirm their end in time; what they do from then on counts for nothing. */
    unconfirmed: z.array(stepKey).optional(),
    cancelledAt: timestamp,
  }),
});

/** An ended run was put away: nothing resumes it. */
export const RunDiscarded = defineEvent({
  type: 'RunDiscarded',
  version: 1,
  schema: z.strictObject({ runId, by: actorSchema, reason: z.string().optional(), discardedAt: timestamp }),
});
