import { defineEvent, type EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { agentWork, commandWork, flowDefinition, stepDefinition } from './flow-definition.js';
import { gateEvidence } from './gate-evidence.js';
import {
  actorSchema,
  attemptOutcome,
  cancelMode,
  gateDecision,
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

/** Someone published a flow; this version never changes and runs may pin it. Stream `flow-<slug>`. */
export const FlowVersionPublished = defineEvent({
  type: 'FlowVersionPublished',
  version: 1,
  schema: z.strictObject({
    flowId: z.string(),
    slug,
    version: z.int().positive(),
    /** SHA-256 of the canonical JSON of `definition`, hex. */
    hash: z.string(),
    definition: flowDefinition,
    source: z.string(),
    sourceFormat: z.enum(['yaml', 'json']),
    publishedBy: actorSchema,
    publishedAt: timestamp,
  }),
});

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
    parameters: z.record(z.string(), json),
    choices: runChoices,
    startedBy: actorSchema,
    trigger,
    subject: subject.optional(),
    idempotencyKey: z.string().optional(),
    /** SHA-256 of what was asked for, so that a key used again for something else is noticed. */
    requestHash: z.string(),
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

/** Everything that a step needs is there: a sandbox may claim the attempt. Attempts count from 1. */
export const StepReady = defineEvent({
  type: 'StepReady',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt: z.int().positive(),
    profile: slug,
    /** The work with all references to parameters and earlier steps filled in; exactly one of the two. */
    agent: agentWork.optional(),
    command: commandWork.optional(),
    timeoutMs: z.int(),
    artifacts: z.array(z.string()),
    readyAt: timestamp,
  }),
});

/** The run came to a place where people decide. `gateId` is the id of the approval request to be made. */
export const GateReached = defineEvent({
  type: 'GateReached',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    gateId: z.string(),
    position: z.enum(['before']),
    /** `template`: the flow marks it; `every_step`: the run's checkpoint mode asks for it. */
    origin: z.enum(['template', 'every_step']),
    message: z.string(),
    shown: gateEvidence,
    reachedAt: timestamp,
  }),
});

/** People decided at a gate and the run goes on accordingly. */
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

/** A step did its work. */
export const StepCompleted = defineEvent({
  type: 'StepCompleted',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt: z.int().positive(),
    outcome: attemptOutcome.extract(['SUCCESS', 'PARTIAL']),
    summary: z.string().optional(),
    output: json.optional(),
    completedAt: timestamp,
  }),
});

/** A step ended without doing its work, and the flow does not go on by itself. */
export const StepFailed = defineEvent({
  type: 'StepFailed',
  version: 1,
  schema: z.strictObject({
    runId,
    step: stepKey,
    attempt: z.int().positive(),
    outcome: attemptOutcome.extract(['ERROR', 'BLOCKED']),
    error: stepError,
    failedAt: timestamp,
  }),
});

/** A step is left out and the run goes on without it. */
export const StepSkipped = defineEvent({
  type: 'StepSkipped',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, reason: z.string(), by: actorSchema, skippedAt: timestamp }),
});

/** A step will not be done because its run was cancelled, rejected or failed. */
export const StepCancelled = defineEvent({
  type: 'StepCancelled',
  version: 1,
  schema: z.strictObject({ runId, step: stepKey, cancelledAt: timestamp }),
});

/** Someone asked to cancel: executing attempts are being stopped. */
export const RunCancelRequested = defineEvent({
  type: 'RunCancelRequested',
  version: 1,
  schema: z.strictObject({ runId, mode: cancelMode, by: actorSchema, requestedAt: timestamp }),
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
  schema: z.strictObject({ runId, by: actorSchema, cancelledAt: timestamp }),
});

export const flowEvents = [FlowVersionPublished] as const;
export type FlowEvent = EventOf<typeof flowEvents>;

export const runEvents = [
  RunStarted,
  RunDeclined,
  StepReady,
  GateReached,
  GateResolved,
  StepCompleted,
  StepFailed,
  StepSkipped,
  StepCancelled,
  RunCancelRequested,
  RunCompleted,
  RunFailed,
  RunRejected,
  RunCancelled,
] as const;
export type RunEvent = EventOf<typeof runEvents>;
