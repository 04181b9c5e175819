import { z } from 'zod';
import { grantReach } from './approval.events.js';
import { defineCommand } from './define-command.js';
import { approvalDecision, personDecision } from './values.js';

/** What stands in the way of any decision. */
const undecidable = [
  'REQUEST_NOT_FOUND',
  'ALREADY_DECIDED',
  'REQUEST_WITHDRAWN',
  'SHOWN_CHANGED',
  'NOT_AN_APPROVER',
  'STARTER_EXCLUDED',
  'DECISION_NOT_POSSIBLE',
] as const;

const settled = z.strictObject({
  requestId: z.string(),
  runId: z.string(),
  /** What was decided; left out while more votes are needed. */
  decision: approvalDecision.optional(),
  /** Votes for what was asked for, with this one. */
  votes: z.int().nonnegative(),
  /** Votes that it takes. */
  needed: z.int().positive(),
});

/** Decides an approval request, or votes where it takes several. One decision wins; others are told which (`ALREADY_DECIDED`). */
export const Decide = defineCommand({
  service: 'approval',
  name: 'Decide',
  input: z.strictObject({
    requestId: z.string(),
    decision: personDecision,
    comment: z.string().max(10_000).optional(),
    /** Hash of what the person saw; refused with `SHOWN_CHANGED` when it is not what the request shows. */
    shownHash: z.string().optional(),
    /** How far `ALLOW_RUN` and `ALLOW_ALWAYS` reach; left out: every call of the tool, until revoked. */
    grant: grantReach.optional(),
    /** Verified e-mail address of whoever decides: gates may name approvers by it. */
    email: z.string().max(320).optional(),
  }),
  output: settled,
  refusals: [...undecidable, 'COMMENT_MISSING', 'INVALID_GRANT'],
});

/** Answers a question of an agent: with one of its choices, or in free text where it has none. */
export const AnswerQuestion = defineCommand({
  service: 'approval',
  name: 'AnswerQuestion',
  input: z.strictObject({
    requestId: z.string(),
    answer: z.string().min(1).max(100_000),
    /** Verified e-mail address of whoever answers. */
    email: z.string().max(320).optional(),
  }),
  output: settled,
  refusals: [...undecidable, 'NOT_A_CHOICE'],
});

/** Ends a grant; repeated, it changes nothing. */
export const RevokeGrant = defineCommand({
  service: 'approval',
  name: 'RevokeGrant',
  input: z.strictObject({ grantId: z.string() }),
  output: z.strictObject({ grantId: z.string() }),
  refusals: ['GRANT_NOT_FOUND'],
});
