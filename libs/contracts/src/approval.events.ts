import { defineEvent, type EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { gateEvidence } from './gate-evidence.js';
import { actorSchema, gateDecision, stepKey, timestamp } from './values.js';

/** People are asked to decide at a gate. Stream `approval-<key>`. */
export const ApprovalRequested = defineEvent({
  type: 'ApprovalRequested',
  version: 1,
  schema: z.strictObject({
    requestId: z.string(),
    runId: z.string(),
    step: stepKey,
    kind: z.enum(['gate']),
    message: z.string(),
    shown: gateEvidence,
    /** SHA-256 of the canonical JSON of message and `shown`: a decision is bound to it (D1). */
    shownHash: z.string(),
    requestedAt: timestamp,
  }),
});

/** Someone decided. Final: a request gets exactly one decision (D1). */
export const ApprovalDecided = defineEvent({
  type: 'ApprovalDecided',
  version: 1,
  schema: z.strictObject({
    requestId: z.string(),
    runId: z.string(),
    step: stepKey,
    decision: gateDecision,
    by: actorSchema,
    comment: z.string().optional(),
    shownHash: z.string(),
    decidedAt: timestamp,
  }),
});

/** The question is moot: its run ended before anyone decided. */
export const ApprovalWithdrawn = defineEvent({
  type: 'ApprovalWithdrawn',
  version: 1,
  schema: z.strictObject({
    requestId: z.string(),
    runId: z.string(),
    step: stepKey,
    reason: z.string(),
    withdrawnAt: timestamp,
  }),
});

export const approvalEvents = [ApprovalRequested, ApprovalDecided, ApprovalWithdrawn] as const;
export type ApprovalEvent = EventOf<typeof approvalEvents>;
