import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { approver, gatePolicy, gateTimeoutOutcome } from './gate-definition.js';
import { gateEvidence, permissionEvidence, questionEvidence } from './gate-evidence.js';
import { actorSchema, approvalDecision, approvalKind, json, stepKey, timestamp } from './values.js';

/** Every event of a request names its place. Stream `approval-<key>`. */
const place = { requestId: z.string(), runId: z.string(), step: stepKey };

/** A call of a tool that waits for an answer. `callId` is unique within the run. */
export const waitingCall = z.strictObject({ step: stepKey, attempt: z.int().positive(), callId: z.string() });
export type WaitingCall = z.infer<typeof waitingCall>;

/** What people are shown; a decision is bound to the hash of it (D1). */
export const approvalShown = z.union([gateEvidence, permissionEvidence, questionEvidence]);
export type ApprovalShown = z.infer<typeof approvalShown>;

/** How far a grant reaches beyond the call that was asked about. */
export const grantReach = z.strictObject({
  /** Only calls whose main argument fits; `*` stands for any text without a separator. Left out: every call of the tool. */
  pattern: z.string().min(1).max(1_000).optional(),
  expiresAt: timestamp.optional(),
});
export type GrantReach = z.infer<typeof grantReach>;

const vote = { decision: approvalDecision, by: actorSchema, comment: z.string().optional() };

/** People are asked to decide at a gate, to allow a tool call, or to answer a question. */
export const ApprovalRequested = defineEvent({
  type: 'ApprovalRequested',
  version: 1,
  schema: z.strictObject({
    ...place,
    kind: approvalKind,
    message: z.string(),
    shown: approvalShown,
    /** SHA-256 of the canonical JSON of message and `shown`: a decision is bound to it (D1). */
    shownHash: z.string(),
    /** What can be decided here. */
    decisions: z.array(approvalDecision),
    policy: gatePolicy,
    /** Member who started the run. */
    startedBy: z.string().optional(),
    deadline: z
      .strictObject({
        timeoutMs: z.int().positive(),
        onTimeout: gateTimeoutOutcome,
        escalateTo: z.array(approver).optional(),
        dueAt: timestamp,
      })
      .optional(),
    /** The calls that wait for the answer; empty at a gate. */
    calls: z.array(waitingCall),
    requestedAt: timestamp,
  }),
});

/** The request shows something else from now on; votes that were given on what it showed before are void. */
export const ApprovalShownChanged = defineEvent({
  type: 'ApprovalShownChanged',
  version: 1,
  schema: z.strictObject({
    ...place,
    message: z.string(),
    shown: approvalShown,
    shownHash: z.string(),
    changedAt: timestamp,
  }),
});

/** One more call waits for the same answer: a fan-out asks the same thing once. */
export const ApprovalJoined = defineEvent({
  type: 'ApprovalJoined',
  version: 1,
  schema: z.strictObject({ ...place, call: waitingCall, joinedAt: timestamp }),
});

/** Someone voted, and more votes are needed. A later vote of the same member replaces the earlier one. */
export const ApprovalVoted = defineEvent({
  type: 'ApprovalVoted',
  version: 1,
  schema: z.strictObject({ ...place, ...vote, shownHash: z.string(), votedAt: timestamp }),
});

/** Nobody decided in time: others may decide as well, until a new deadline. */
export const ApprovalEscalated = defineEvent({
  type: 'ApprovalEscalated',
  version: 1,
  schema: z.strictObject({ ...place, to: z.array(approver), dueAt: timestamp, escalatedAt: timestamp }),
});

/** It is decided. Final: a request gets exactly one decision (D1). */
export const ApprovalDecided = defineEvent({
  type: 'ApprovalDecided',
  version: 1,
  schema: z.strictObject({
    ...place,
    ...vote,
    kind: approvalKind,
    /** Who or what decided: people, the deadline, the background rule of a gate, a grant, an administrator by force. */
    how: z.enum(['PEOPLE', 'TIMEOUT', 'BACKGROUND', 'GRANT', 'FORCE']),
    /** To a question. */
    answer: json.optional(),
    /** Of `ALLOW_RUN` and `ALLOW_ALWAYS`. */
    grant: grantReach.optional(),
    /** Everyone whose vote counted, in order, when more than one was needed. */
    votes: z.array(z.strictObject({ ...vote, votedAt: timestamp })).optional(),
    /** The calls that waited for it. */
    calls: z.array(waitingCall),
    shownHash: z.string(),
    decidedAt: timestamp,
  }),
});

/** The question is moot: its run ended before anyone decided. */
export const ApprovalWithdrawn = defineEvent({
  type: 'ApprovalWithdrawn',
  version: 1,
  schema: z.strictObject({ ...place, reason: z.string(), calls: z.array(waitingCall), withdrawnAt: timestamp }),
});

export const approvalEvents = [
  ApprovalRequested,
  ApprovalShownChanged,
  ApprovalJoined,
  ApprovalVoted,
  ApprovalEscalated,
  ApprovalDecided,
  ApprovalWithdrawn,
] as const;
export type ApprovalEvent = EventOf<typeof approvalEvents>;
