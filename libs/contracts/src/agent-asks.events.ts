import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, approvalDecision, entryPlace as place, json, timestamp } from './values.js';

/** The agent asks to call a tool that is marked dangerous; it waits, and only it (R2: asked once, whatever happens to its worker). */
export const PermissionRequested = defineEvent({
  type: 'PermissionRequested',
  version: 1,
  schema: z.strictObject({
    ...place,
    callId: z.string(),
    tool: z.string(),
    arguments: z.record(z.string(), json),
    /** SHA-256 of the canonical JSON of tool and whole arguments: asks with the same one are one prompt. */
    callHash: z.string(),
    at: timestamp,
  }),
});

/** The agent asks people something; it waits, and only it. */
export const QuestionAsked = defineEvent({
  type: 'QuestionAsked',
  version: 1,
  schema: z.strictObject({
    ...place,
    callId: z.string(),
    question: z.string(),
    /** Left out: the answer is free text. */
    choices: z.array(z.string()).optional(),
    at: timestamp,
  }),
});

/** The agent heard what became of what it had asked, and goes on. */
export const AnswerReceived = defineEvent({
  type: 'AnswerReceived',
  version: 1,
  schema: z.strictObject({
    ...place,
    callId: z.string(),
    requestId: z.string(),
    decision: approvalDecision,
    by: actorSchema,
    comment: z.string().optional(),
    answer: json.optional(),
    at: timestamp,
  }),
});

/** A dangerous call went ahead without asking, because a grant covers it. */
export const CallAutoResolved = defineEvent({
  type: 'CallAutoResolved',
  version: 1,
  schema: z.strictObject({
    ...place,
    callId: z.string(),
    tool: z.string(),
    grantId: z.string(),
    scope: z.enum(['run', 'workspace']),
    /** Who had made the grant. */
    grantedBy: actorSchema,
    at: timestamp,
  }),
});

/** What an agent asks of people, and what it hears of it. */
export const askEvents = [PermissionRequested, QuestionAsked, AnswerReceived, CallAutoResolved] as const;
