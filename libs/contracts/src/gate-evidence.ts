import { z } from 'zod';
import { attemptOutcome, blobRef, json, stepKey } from './values.js';

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
  /** Where to look: the record that the run is about. */
  links: z.array(z.strictObject({ title: z.string(), url: z.string() })).optional(),
  /** Files that the shown steps kept. */
  artifacts: z
    .array(z.strictObject({ step: stepKey, artifactId: z.string(), path: z.string(), blob: blobRef }))
    .optional(),
});
export type GateEvidence = z.infer<typeof gateEvidence>;

/** What people are shown who may allow a tool call. */
export const permissionEvidence = z.strictObject({
  tool: z.string(),
  /** Very long ones are cut. */
  arguments: z.record(z.string(), json),
  /** SHA-256 of the canonical JSON of tool and whole arguments. */
  callHash: z.string(),
});
export type PermissionEvidence = z.infer<typeof permissionEvidence>;

/** What an agent asks. Without choices the answer is free text. */
export const questionEvidence = z.strictObject({
  question: z.string(),
  choices: z.array(z.string()).optional(),
});
export type QuestionEvidence = z.infer<typeof questionEvidence>;
