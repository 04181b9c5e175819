import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { askEvents } from './agent-asks.events.js';
import { AgentSessionOpened } from './agent-session.events.js';
import { defineEvent } from './define-event.js';
import { profileDefinition } from './profile-definition.js';
import { usage } from './recorded-usage.js';
import { toolDetail } from './tool-detail.js';
import {
  actorSchema,
  attemptOutcome,
  attemptPlace as place,
  blobRef,
  entryPlace,
  json,
  slug,
  stepError,
  timestamp,
} from './values.js';
import { snapshotEvents } from './workspace-files.events.js';

/** Someone published a sandbox profile; runs started from now on use this version. Stream `profile-<slug>`. */
export const SandboxProfilePublished = defineEvent({
  type: 'SandboxProfilePublished',
  version: 1,
  schema: z.strictObject({
    profileId: z.string(),
    slug,
    version: z.int().positive(),
    definition: profileDefinition,
    publishedBy: actorSchema,
    publishedAt: timestamp,
  }),
});

/** A worker claimed a ready step and began to work on it: always the first event, so that one claimer wins (R3). */
export const AttemptStarted = defineEvent({
  type: 'AttemptStarted',
  version: 1,
  schema: z.strictObject({
    ...place,
    kind: z.enum(['agent', 'command']),
    profile: slug,
    profileVersion: z.int(),
    driver: z.string(),
    worker: z.string(),
    provider: z.string().optional(),
    model: z.string().optional(),
    startedAt: timestamp,
  }),
});

/** A worker went on with an attempt that had been left; finished tool calls are not repeated (R2). */
export const AttemptResumed = defineEvent({
  type: 'AttemptResumed',
  version: 1,
  schema: z.strictObject({
    ...place,
    worker: z.string(),
    reason: z.string(),
    /** `WORKER_GONE`: its worker had stopped; `ANSWERED`: it waited for people, and heard from them; `RESTED`: its provider wanted to be left alone until now. */
    cause: z.enum(['WORKER_GONE', 'ANSWERED', 'RESTED']),
    resumedAt: timestamp,
  }),
});

/** The worker of an attempt is gone, in the middle of it. Not a failure: the next worker takes the attempt up where it was. */
export const AttemptInterrupted = defineEvent({
  type: 'AttemptInterrupted',
  version: 1,
  schema: z.strictObject({ ...place, worker: z.string(), reason: z.string(), interruptedAt: timestamp }),
});

/** Something was done to prepare the sandbox: a clone, a check-out, a credential helper. */
export const SetupRecorded = defineEvent({
  type: 'SetupRecorded',
  version: 1,
  schema: z.strictObject({ ...place, entryId: z.string(), text: z.string(), at: timestamp }),
});

/** A note of the platform to the reader of the transcript. */
export const InfoRecorded = defineEvent({
  type: 'InfoRecorded',
  version: 1,
  schema: z.strictObject({ ...entryPlace, entryId: z.string(), text: z.string(), at: timestamp }),
});

/** Something went wrong inside the attempt, whether or not the attempt goes on. */
export const ErrorRecorded = defineEvent({
  type: 'ErrorRecorded',
  version: 1,
  schema: z.strictObject({ ...entryPlace, entryId: z.string(), error: stepError, at: timestamp }),
});

/** The agent wrote prose. Several events with one `entryId` are one entry, in order. */
export const AgentText = defineEvent({
  type: 'AgentText',
  version: 1,
  schema: z.strictObject({ ...entryPlace, entryId: z.string(), text: z.string(), at: timestamp }),
});

/** The agent reasoned. Several events with one `entryId` are one entry, in order. */
export const AgentThinking = defineEvent({
  type: 'AgentThinking',
  version: 1,
  schema: z.strictObject({ ...entryPlace, entryId: z.string(), text: z.string(), at: timestamp }),
});

/** A tool call, or the script of a command step (tool `command`), begins. `callId` is unique within the run. */
export const ToolCallStarted = defineEvent({
  type: 'ToolCallStarted',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    callId: z.string(),
    tool: z.string(),
    arguments: z.record(z.string(), json),
    detail: toolDetail.optional(),
    at: timestamp,
  }),
});

/** Output of a running tool, coalesced (100 ms or 8 KiB), in order. */
export const ToolOutput = defineEvent({
  type: 'ToolOutput',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    callId: z.string(),
    channel: z.enum(['stdout', 'stderr']),
    text: z.string(),
    at: timestamp,
  }),
});

/** A tool call ended; what it returned will never be asked for again (R2). */
export const ToolCallEnded = defineEvent({
  type: 'ToolCallEnded',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    callId: z.string(),
    tool: z.string(),
    state: z.enum(['ok', 'error', 'cancelled']),
    /** What the agent receives: whole when small, else its head and tail around a note. */
    output: z.string(),
    /** The whole output when it is longer than `output`. */
    outputBlob: blobRef.optional(),
    exitCode: z.int().optional(),
    error: stepError.optional(),
    /** In place of that of the start, where more is known at the end. */
    detail: toolDetail.optional(),
    durationMs: z.int().nonnegative(),
    at: timestamp,
  }),
});

/** The model ended one turn. `messages` are the provider-neutral messages that continue the conversation after a restart. */
export const ModelTurnEnded = defineEvent({
  type: 'ModelTurnEnded',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    turn: z.int().positive(),
    finishReason: z.string(),
    messages: z.array(json),
    at: timestamp,
  }),
});

/** Something was used that may cost money. Buckets are disjoint: the total is their sum. Computed once per model call or attempt. */
export const UsageRecorded = defineEvent({
  type: 'UsageRecorded',
  version: 1,
  schema: z.strictObject({ ...entryPlace, usageId: z.string(), usage, at: timestamp }),
});

/** A declared file was kept: it outlives its sandbox. */
export const ArtifactStored = defineEvent({
  type: 'ArtifactStored',
  version: 1,
  schema: z.strictObject({
    ...place,
    artifactId: z.string(),
    path: z.string(),
    mediaType: z.string(),
    blob: blobRef,
    /** Left out: it was no program. Steps that consume it can run it. */
    executable: z.literal(true).optional(),
    at: timestamp,
  }),
});

/** The attempt is over; nothing follows in its stream. */
export const AttemptEnded = defineEvent({
  type: 'AttemptEnded',
  version: 1,
  schema: z.strictObject({
    ...place,
    outcome: attemptOutcome,
    /** Set when the attempt was stopped because its run was cancelled. */
    cancelled: z.boolean(),
    summary: z.string().optional(),
    output: json.optional(),
    error: stepError.optional(),
    turns: z.int().nonnegative(),
    exitCode: z.int().optional(),
    elapsedMs: z.int().nonnegative(),
    endedAt: timestamp,
  }),
});

export const profileEvents = [SandboxProfilePublished] as const;
export type ProfileEvent = EventOf<typeof profileEvents>;

export const attemptEvents = [
  AttemptStarted,
  AttemptInterrupted,
  AttemptResumed,
  SetupRecorded,
  InfoRecorded,
  ErrorRecorded,
  AgentText,
  AgentThinking,
  ToolCallStarted,
  ToolOutput,
  ToolCallEnded,
  ...askEvents,
  AgentSessionOpened,
  ModelTurnEnded,
  UsageRecorded,
  ArtifactStored,
  ...snapshotEvents,
  AttemptEnded,
] as const;
export type AttemptEvent = EventOf<typeof attemptEvents>;
