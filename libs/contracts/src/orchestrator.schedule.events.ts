import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, checkpointMode, executionMode, json, slug, subject, timestamp } from './values.js';

const scheduleId = z.string();

/** When a schedule fires: five cron fields in the wall time of a place. */
export const recurrence = z.strictObject({
  cron: z.string().max(200),
  /** IANA name, as `Europe/Vienna`. */
  timeZone: z.string().max(100),
  /** Only in every so many weeks, counted from the one that begins on this Monday. */
  weeks: z.strictObject({ every: z.int().min(2).max(52), from: z.iso.date() }).optional(),
  /** Only on one day of so many, counted from this one. */
  days: z.strictObject({ every: z.int().min(2).max(365), from: z.iso.date() }).optional(),
  startAt: timestamp.optional(),
  endAt: timestamp.optional(),
});
export type Recurrence = z.infer<typeof recurrence>;

/** What becomes of firings that nobody was there for: none, the latest, or all of the latest `max`. */
export const catchUp = z.strictObject({
  policy: z.enum(['SKIP', 'ONE', 'ALL']),
  max: z.int().min(1).max(100),
});
export type CatchUp = z.infer<typeof catchUp>;

/** What a schedule starts. */
export const scheduledStart = z.strictObject({
  flow: slug,
  /** Left out: the newest at the time of the firing. */
  version: z.int().positive().optional(),
  parameters: z.record(z.string(), json),
  choices: z.strictObject({
    profile: slug.optional(),
    execution: executionMode.optional(),
    checkpointMode: checkpointMode.optional(),
  }),
  subject: subject.optional(),
});
export type ScheduledStart = z.infer<typeof scheduledStart>;

/** One start that a schedule asked for; a decline is a firing as well. */
const firing = z.strictObject({
  /** The instant that it stands for. */
  scheduledFor: timestamp,
  runId: z.string().optional(),
  /** Why the start was declined. */
  declined: z.string().optional(),
});
export type ScheduleFiring = z.infer<typeof firing>;

/** Someone asked for runs at certain times. Stream `schedule-<key>`, first event. */
export const ScheduleCreated = defineEvent({
  type: 'ScheduleCreated',
  version: 1,
  schema: z.strictObject({
    scheduleId,
    name: z.string(),
    /** As it was asked for: a phrase or a cron expression. */
    expression: z.string(),
    recurrence,
    catchUp,
    start: scheduledStart,
    nextFireAt: timestamp,
    createdBy: actorSchema,
    createdAt: timestamp,
  }),
});

/** A schedule fires no more until it is resumed. */
export const SchedulePaused = defineEvent({
  type: 'SchedulePaused',
  version: 1,
  schema: z.strictObject({ scheduleId, by: actorSchema, pausedAt: timestamp }),
});

/** A paused schedule fires again; what fell into the pause is not caught up. Without `nextFireAt` nothing was left. */
export const ScheduleResumed = defineEvent({
  type: 'ScheduleResumed',
  version: 1,
  schema: z.strictObject({ scheduleId, by: actorSchema, resumedAt: timestamp, nextFireAt: timestamp.optional() }),
});

/** A schedule's time had come, or a person fired it by hand. Without `nextFireAt` after its time it has ended. */
export const ScheduleFired = defineEvent({
  type: 'ScheduleFired',
  version: 1,
  schema: z.strictObject({
    scheduleId,
    by: z.enum(['time', 'hand']),
    firings: z.array(firing),
    /** Firings that were missed and are not caught up; 1000 stands for as many or more. */
    skipped: z.int().nonnegative(),
    firedAt: timestamp,
    nextFireAt: timestamp.optional(),
  }),
});

/** Someone took a schedule away. Final. */
export const ScheduleDeleted = defineEvent({
  type: 'ScheduleDeleted',
  version: 1,
  schema: z.strictObject({ scheduleId, by: actorSchema, deletedAt: timestamp }),
});

export const scheduleEvents = [
  ScheduleCreated,
  SchedulePaused,
  ScheduleResumed,
  ScheduleFired,
  ScheduleDeleted,
] as const;
export type ScheduleEvent = EventOf<typeof scheduleEvents>;
