import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { gateDecision } from './values.js';

/** Decides an approval request. One decision wins; others are told which (`ALREADY_DECIDED`). */
export const Decide = defineCommand({
  service: 'approval',
  name: 'Decide',
  input: z.strictObject({
    requestId: z.string(),
    decision: gateDecision,
    comment: z.string().max(10_000).optional(),
    /** Hash of what the person saw; refused with `SHOWN_CHANGED` when it is not what the request shows. */
    shownHash: z.string().optional(),
  }),
  output: z.strictObject({ requestId: z.string(), runId: z.string(), decision: gateDecision }),
  refusals: ['REQUEST_NOT_FOUND', 'ALREADY_DECIDED', 'REQUEST_WITHDRAWN', 'SHOWN_CHANGED'],
});
