import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { flowDefinition } from './flow-definition.js';
import * as runs from './orchestrator.runs.events.js';
import * as holds from './orchestrator.step-holds.events.js';
import * as steps from './orchestrator.steps.events.js';
import { actorSchema, slug, timestamp } from './values.js';

export * from './orchestrator.queues.events.js';
export * from './orchestrator.runs.events.js';
export * from './orchestrator.step-holds.events.js';
export * from './orchestrator.steps.events.js';

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

export const flowEvents = [FlowVersionPublished] as const;
export type FlowEvent = EventOf<typeof flowEvents>;

export const runEvents = [
  runs.RunStarted,
  runs.RunDeclined,
  runs.RunPaused,
  runs.RunResumed,
  runs.RunReopened,
  steps.StepReady,
  steps.GateReached,
  steps.GateResolved,
  steps.GateAnswered,
  steps.StepCompleted,
  steps.StepFailed,
  holds.StepBlocked,
  holds.StepHeardAgain,
  steps.StepRetryScheduled,
  steps.StepInstructionsEdited,
  steps.StepForceAdvanced,
  steps.StepSkipped,
  holds.StepInterrupted,
  holds.StepReattached,
  steps.StepCancelled,
  runs.RunCancelRequested,
  runs.RunCompleted,
  runs.RunFailed,
  runs.RunRejected,
  runs.RunCancelled,
  runs.RunDiscarded,
] as const;
export type RunEvent = EventOf<typeof runEvents>;
