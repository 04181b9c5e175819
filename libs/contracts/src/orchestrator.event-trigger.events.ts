import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { scheduledStart } from './orchestrator.schedule.events.js';
import { actorSchema, timestamp } from './values.js';

/**
 * Events that can start runs. Those of single tool calls, words and measurements cannot: they are too many, and what they lead to
 * is told by one of these. Nor can declined starts, which a trigger makes itself.
 */
export const TRIGGERING_EVENTS = [
  'RunStarted',
  'RunPaused',
  'RunCompleted',
  'RunFailed',
  'RunRejected',
  'RunCancelled',
  'RunDiscarded',
  'StepCompleted',
  'StepFailed',
  'StepBlocked',
  'StepSkipped',
  'GateReached',
  'ApprovalRequested',
  'ApprovalDecided',
  'ArtifactStored',
  'BudgetThresholdReached',
  'EnvironmentHealthChanged',
  'IntegrationConnected',
  'IntegrationFailed',
  'IntegrationRecovered',
  'FlowVersionPublished',
  'SkillVersionPublished',
  'SandboxProfilePublished',
  'RateCardPublished',
] as const;

const triggerId = z.string();

/** Someone wants a run of a flow whenever an event of a type happens. Stream `trigger-<workspace>`. */
export const EventTriggerCreated = defineEvent({
  type: 'EventTriggerCreated',
  version: 1,
  schema: z.strictObject({
    triggerId,
    name: z.string(),
    /** Type of the event. */
    event: z.string(),
    /** In the language of conditions; left out: every event of the type. */
    condition: z.string().optional(),
    /** What other parameters are, in the same language. */
    mapping: z.record(z.string(), z.string()),
    start: scheduledStart,
    createdBy: actorSchema,
    createdAt: timestamp,
  }),
});

/** A trigger starts nothing until it is resumed. */
export const EventTriggerPaused = defineEvent({
  type: 'EventTriggerPaused',
  version: 1,
  schema: z.strictObject({ triggerId, by: actorSchema, pausedAt: timestamp }),
});

/** A paused trigger starts runs again; what happened meanwhile is not caught up. */
export const EventTriggerResumed = defineEvent({
  type: 'EventTriggerResumed',
  version: 1,
  schema: z.strictObject({ triggerId, by: actorSchema, resumedAt: timestamp }),
});

/** Someone took a trigger away. Final. */
export const EventTriggerDeleted = defineEvent({
  type: 'EventTriggerDeleted',
  version: 1,
  schema: z.strictObject({ triggerId, by: actorSchema, deletedAt: timestamp }),
});

export const eventTriggerEvents = [
  EventTriggerCreated,
  EventTriggerPaused,
  EventTriggerResumed,
  EventTriggerDeleted,
] as const;
export type EventTriggerEvent = EventOf<typeof eventTriggerEvents>;
