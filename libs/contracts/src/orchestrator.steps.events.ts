import { z } from 'zod';
import { defineEvent } from './define-event.js';
import {
  agentWork,
  commandWork,
  consumedFiles,
  functionOrder,
  outputContract,
  requirements,
} from './flow-definition.js';
import { gateDefinition } from './gate-definition.js';
import { gateEvidence } from './gate-evidence.js';
import {
  actorSchema,
  attemptOutcome,
  executionMode,
  gateDecision,
  json,
  slug,
  stepError,
  stepKey,
  timestamp,
} from './values.js';

const runId = z.string();
const attempt = z.int().positive();
/** 0 for a step that only asks people. */
const attemptOrNone = z.int().nonnegative();

/**
 * Everything that a step needs is there: a sandbox may claim the attempt, or its function is called. Attempts count from 1. One of a
 * function has no stream of its own: it begins with this event and ends with the next one of its step.
 */
export const StepReady = defineEvent({
  type: 'StepReady',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt,
    profile: slug,
    /** The work with all references to parameters and earlier steps filled in; exactly one of the three. */
    agent: agentWork.optional(),
    command: commandWork.optional(),
    function: functionOrder.optional(),
    timeoutMs: z.int(),
    /** How long nothing need be heard of the attempt; left out: see `silenceLimitMs`. */
    silenceMs: z.int().optional(),
    artifacts: z.array(z.string()),
    /** The environments that the step requires, or its flow as a whole; left out: none. */
    environments: z.array(z.string()).optional(),
    /** Kept files to be put into the workspace; `from`: the attempt that kept them, maybe of a run that this one goes back to. */
    consumes: z.array(consumedFiles.extend({ from: z.strictObject({ runId, attempt }) })).optional(),
    /** What the structured output must look like. */
    output: outputContract.optional(),
    /** What must be there outside of the run, of the flow and of the step; left out: nothing. */
    requires: requirements.omit({ environments: true }).optional(),
    /** In the background nobody watches: while the run waits it holds no sandbox. Left out: interactive. */
    execution: executionMode.optional(),
    /** Who asked for this further attempt and whose rights it has; left out: whoever started the run. */
    askedBy: actorSchema.optional(),
    readyAt: timestamp,
  }),
});

/** What a step has to show for itself; people look at it at a gate behind the step. */
export const stepResult = z.strictObject({
  attempt,
  outcome: attemptOutcome.extract(['SUCCESS', 'PARTIAL']),
  summary: z.string().optional(),
  output: json.optional(),
});
export type StepResultData = z.infer<typeof stepResult>;

/** The run came to a place where people decide. `gateId` is the id of the approval request to be made. */
export const GateReached = defineEvent({
  type: 'GateReached',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    gateId: z.string(),
    /** `between`: the step is the gate; `after`: people look at what the step did. */
    position: z.enum(['before', 'between', 'after']),
    /** `template`: the flow marks it; `every_step`: the run's checkpoint mode asks for it. */
    origin: z.enum(['template', 'every_step']),
    message: z.string(),
    /** Who decides, until when, and what happens when nobody does. */
    terms: gateDefinition.omit({ message: true }),
    startedBy: actorSchema,
    execution: executionMode,
    shown: gateEvidence,
    /** At a gate behind the step: whole, while `shown` may be shortened. */
    result: stepResult.optional(),
    reachedAt: timestamp,
  }),
});

/** People decided at a gate, or its time is over, and the run goes on accordingly. */
export const GateResolved = defineEvent({
  type: 'GateResolved',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    gateId: z.string(),
    decision: gateDecision,
    by: actorSchema,
    comment: z.string().optional(),
    resolvedAt: timestamp,
  }),
});

/**
 * Someone skipped or force-advanced a step that waits at its gate. The approval service records it as their decision, and the
 * run goes on with that: every route to decide ends in the same place (D1).
 */
export const GateAnswered = defineEvent({
  type: 'GateAnswered',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    gateId: z.string(),
    verb: z.enum(['SKIP', 'FORCE_ADVANCE']),
    decision: gateDecision.extract(['APPROVE', 'SKIP']),
    by: actorSchema,
    comment: z.string().optional(),
    answeredAt: timestamp,
  }),
});

/** A step did its work. */
export const StepCompleted = defineEvent({
  type: 'StepCompleted',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt: attemptOrNone,
    outcome: attemptOutcome.extract(['SUCCESS', 'PARTIAL']),
    summary: z.string().optional(),
    output: json.optional(),
    completedAt: timestamp,
  }),
});

/** A step ended without doing its work, and no retry is left. */
export const StepFailed = defineEvent({
  type: 'StepFailed',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    /** Of a step that failed at its gate: the last one before it. */
    attempt: attemptOrNone,
    outcome: attemptOutcome.extract(['ERROR', 'BLOCKED']),
    error: stepError,
    /** What it means for the run; left out: `FAIL`. `ROUTE`: the flow names a way on, the failure is handled. */
    then: z.enum(['FAIL', 'PAUSE', 'SKIP', 'ROUTE']).optional(),
    failedAt: timestamp,
  }),
});

/** An attempt failed and the flow wants it tried again: `attempt` becomes ready at `dueAt`. */
export const StepRetryScheduled = defineEvent({
  type: 'StepRetryScheduled',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt,
    dueAt: timestamp,
    reason: z.string(),
    /** Of the attempt that failed. */
    error: stepError,
    scheduledAt: timestamp,
  }),
});

/** Someone wrote other instructions for the next attempt of a step, and for that attempt only. */
export const StepInstructionsEdited = defineEvent({
  type: 'StepInstructionsEdited',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt,
    instructions: z.string(),
    /** Unified diff from the flow's instructions to these. */
    diff: z.string(),
    by: actorSchema,
    editedAt: timestamp,
  }),
});

/** Someone with the right to force moved a run past a step that was stuck. */
export const StepForceAdvanced = defineEvent({
  type: 'StepForceAdvanced',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    /** The state in which the step was stuck. */
    from: z.enum(['PENDING', 'EXECUTING', 'WAITING', 'FAILED', 'BLOCKED']),
    /** At a gate it is an implicit approval: see the `GateAnswered` that follows. */
    gateId: z.string().optional(),
    by: actorSchema,
    comment: z.string().optional(),
    advancedAt: timestamp,
  }),
});

/** A step is left out and the run goes on without it. */
export const StepSkipped = defineEvent({
  type: 'StepSkipped',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    /** `condition`: its own `if` is not true; `not_taken`: no route led there; `on_failure`: it failed and the flow leaves it out then. */
    cause: z.enum(['person', 'gate', 'condition', 'not_taken', 'on_failure']),
    reason: z.string(),
    /** Further steps that are left out for the same reason, when they are many. */
    others: z.array(stepKey).optional(),
    by: actorSchema,
    skippedAt: timestamp,
  }),
});

/** A step will not be done because its run was cancelled, rejected or failed. */
export const StepCancelled = defineEvent({
  type: 'StepCancelled',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, cancelledAt: timestamp }),
});
