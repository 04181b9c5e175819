import { z } from 'zod';
import { attemptOutcome, json, stepKey } from './values.js';

/** What the people at a gate are shown: the results of the steps that the waiting step needs. */
export const gateEvidence = z.strictObject({
  flow: z.string(),
  stepName: z.string(),
  upstream: z.array(
    z.strictObject({
      step: stepKey,
      name: z.string(),
      outcome: attemptOutcome.optional(),
      summary: z.string().optional(),
      output: json.optional(),
    }),
  ),
});
export type GateEvidence = z.infer<typeof gateEvidence>;
