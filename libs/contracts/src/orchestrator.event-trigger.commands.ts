import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { scheduledStart } from './orchestrator.schedule.events.js';

/** Text in the language of conditions. */
const expression = z.string().min(1).max(2_000);

/** Makes a trigger that starts runs of a flow when events happen. */
export const CreateEventTrigger = defineCommand({
  service: 'orchestrator',
  name: 'CreateEventTrigger',
  input: z.strictObject({
    name: z.string().min(1).max(200).optional(),
    event: z.string().max(100),
    condition: expression.optional(),
    mapping: z.record(z.string().max(100), expression),
    /** Slug or `flow_…` id. */
    start: scheduledStart.extend({ flow: z.string().max(200) }),
  }),
  output: z.strictObject({ triggerId: z.string() }),
  refusals: ['INVALID_EVENT_TRIGGER', 'FLOW_NOT_FOUND', 'TOO_MANY_EVENT_TRIGGERS'],
});

const named = z.strictObject({ triggerId: z.string() });

/** A paused trigger starts nothing until it is resumed; runs that it has started go on. */
export const PauseEventTrigger = defineCommand({
  service: 'orchestrator',
  name: 'PauseEventTrigger',
  input: named,
  output: named,
  refusals: ['EVENT_TRIGGER_NOT_FOUND'],
});

/** What happened during the pause is not caught up. */
export const ResumeEventTrigger = defineCommand({
  service: 'orchestrator',
  name: 'ResumeEventTrigger',
  input: named,
  output: named,
  refusals: ['EVENT_TRIGGER_NOT_FOUND'],
});

/** Takes a trigger away for good; its runs stay. */
export const DeleteEventTrigger = defineCommand({
  service: 'orchestrator',
  name: 'DeleteEventTrigger',
  input: named,
  output: named,
  refusals: ['EVENT_TRIGGER_NOT_FOUND'],
});
