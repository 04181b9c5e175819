import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { startDeclines } from './orchestrator.commands.js';
import { catchUp, scheduledStart, recurrence } from './orchestrator.schedule.events.js';
import { timestamp } from './values.js';

/** Words or five cron fields, and where they are to be read. */
const when = {
  /** `every monday at 9am EST`, or `0 9 * * 1`. */
  expression: z.string().min(1).max(300),
  /** IANA name. Left out: the one that the expression names, else UTC. */
  timeZone: z.string().min(1).max(100).optional(),
  startAt: timestamp.optional(),
  endAt: timestamp.optional(),
};

/** Says when an expression would fire. `INVALID_SCHEDULE` quotes the words that were not understood. */
export const PreviewSchedule = defineCommand({
  service: 'orchestrator',
  name: 'PreviewSchedule',
  input: z.strictObject({
    ...when,
    /** Of a schedule that is there: which weeks or days count. Else the first firing says it. */
    weeks: recurrence.shape.weeks,
    days: recurrence.shape.days,
    after: timestamp.optional(),
    count: z.int().min(1).max(50).default(5),
  }),
  output: z.strictObject({
    cron: z.string(),
    timeZone: z.string(),
    weeks: recurrence.shape.weeks,
    days: recurrence.shape.days,
    /** How words were read that could be read in another way. */
    notes: z.array(z.string()),
    next: z.array(timestamp),
  }),
  refusals: ['INVALID_SCHEDULE'],
});

/** Makes a schedule that starts runs of a flow. */
export const CreateSchedule = defineCommand({
  service: 'orchestrator',
  name: 'CreateSchedule',
  input: z.strictObject({
    ...when,
    name: z.string().min(1).max(200).optional(),
    /** Slug or `flow_…` id. */
    start: scheduledStart.extend({ flow: z.string().max(200) }),
    catchUp,
  }),
  output: z.strictObject({ scheduleId: z.string(), notes: z.array(z.string()), next: z.array(timestamp) }),
  refusals: ['INVALID_SCHEDULE', 'FLOW_NOT_FOUND', 'MISSING_PARAMETER', 'INVALID_PARAMETER'],
});

const named = z.strictObject({ scheduleId: z.string() });

/** A paused schedule fires no more until it is resumed; a run that it has started goes on. */
export const PauseSchedule = defineCommand({
  service: 'orchestrator',
  name: 'PauseSchedule',
  input: named,
  output: named,
  refusals: ['SCHEDULE_NOT_FOUND', 'SCHEDULE_ENDED'],
});

/** What fell into the pause is not caught up. */
export const ResumeSchedule = defineCommand({
  service: 'orchestrator',
  name: 'ResumeSchedule',
  input: named,
  output: named,
  refusals: ['SCHEDULE_NOT_FOUND', 'SCHEDULE_ENDED'],
});

/** Starts a run as the schedule would, now; its times stay as they are. A paused one can be fired, too. */
export const FireScheduleNow = defineCommand({
  service: 'orchestrator',
  name: 'FireScheduleNow',
  input: named,
  output: z.strictObject({ runId: z.string(), created: z.boolean() }),
  refusals: ['SCHEDULE_NOT_FOUND', ...startDeclines],
});

/** Takes a schedule away for good; its runs stay. */
export const DeleteSchedule = defineCommand({
  service: 'orchestrator',
  name: 'DeleteSchedule',
  input: named,
  output: named,
  refusals: ['SCHEDULE_NOT_FOUND'],
});
