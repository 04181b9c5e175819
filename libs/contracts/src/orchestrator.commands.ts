import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { cancelMode, checkpointMode, executionMode, json, slug, stepKey, subject, trigger } from './values.js';

/** Publishes a flow document; the same content published again answers with the version that exists. */
export const PublishFlow = defineCommand({
  service: 'orchestrator',
  name: 'PublishFlow',
  input: z.strictObject({ source: z.string().max(1_000_000), format: z.enum(['yaml', 'json']).optional() }),
  output: z.strictObject({ flowId: z.string(), slug, version: z.int(), hash: z.string(), created: z.boolean() }),
  /** `details` carry path, line, column and fix of every problem. */
  refusals: ['INVALID_FLOW'],
});

/** The ways in which a start is declined before any step exists (`PLATFORM_STARTING` may be tried again). */
export const startDeclines = [
  'MISSING_PARAMETER',
  'INVALID_PARAMETER',
  'FLOW_NOT_FOUND',
  'PROFILE_REQUIRED',
  'PROVIDER_NOT_CONNECTED',
  'SKILL_UNAVAILABLE',
  'PREFLIGHT_FAILED',
  'DAILY_RUN_LIMIT',
  'BUDGET_EXHAUSTED',
  'PLATFORM_STARTING',
  'IDEMPOTENCY_KEY_REUSED',
  'FORBIDDEN',
] as const;

/** Starts a run of a flow's latest or named version. The same idempotency key starts nothing twice. */
export const StartRun = defineCommand({
  service: 'orchestrator',
  name: 'StartRun',
  input: z.strictObject({
    /** Slug or `flow_…` id. */
    flow: z.string().max(200),
    version: z.int().positive().optional(),
    /** Runs this step alone, as if it needed nobody. */
    onlyStep: stepKey.optional(),
    parameters: z.record(z.string(), json),
    choices: z.strictObject({
      profile: slug.optional(),
      execution: executionMode.optional(),
      checkpointMode: checkpointMode.optional(),
    }),
    trigger,
    subject: subject.optional(),
    idempotencyKey: z.string().min(1).max(200).optional(),
  }),
  output: z.strictObject({ runId: z.string(), created: z.boolean() }),
  refusals: startDeclines,
});

/** Cancels a run: executing attempts are stopped, finished steps keep their results. */
export const CancelRun = defineCommand({
  service: 'orchestrator',
  name: 'CancelRun',
  input: z.strictObject({ runId: z.string(), mode: cancelMode }),
  output: z.strictObject({ runId: z.string() }),
  refusals: ['RUN_NOT_FOUND', 'RUN_ENDED'],
});
