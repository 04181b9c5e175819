import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { skillDefinition } from './skill-definition.js';
import { cancelMode, checkpointMode, executionMode, json, slug, stepKey, subject, trigger } from './values.js';

/** Publishes a flow document; the same content published again answers with the version that exists. */
export const PublishFlow = defineCommand({
  service: 'orchestrator',
  name: 'PublishFlow',
  input: z.strictObject({ source: z.string().max(3_000_000), format: z.enum(['yaml', 'json']).optional() }),
  output: z.strictObject({ flowId: z.string(), slug, version: z.int(), hash: z.string(), created: z.boolean() }),
  /** `details` carry path, line, column and fix of every problem. */
  refusals: ['INVALID_FLOW'],
});

/** Publishes a skill; the same content published again answers with the version that exists. */
export const PublishSkill = defineCommand({
  service: 'orchestrator',
  name: 'PublishSkill',
  input: z.strictObject({ definition: skillDefinition }),
  output: z.strictObject({ skillId: z.string(), slug, version: z.int(), hash: z.string(), created: z.boolean() }),
  /** `details` carry the path of every problem. */
  refusals: ['INVALID_SKILL'],
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
  'ALREADY_RUNNING',
  'DAILY_RUN_LIMIT',
  'BUDGET_EXHAUSTED',
  'PLATFORM_STARTING',
  'IDEMPOTENCY_KEY_REUSED',
  'FORBIDDEN',
] as const;

/** What is asked for when a run is to start. */
export const startRequest = z.strictObject({
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
});

/** Starts a run of a flow's latest or named version. The same idempotency key starts nothing twice. */
export const StartRun = defineCommand({
  service: 'orchestrator',
  name: 'StartRun',
  input: startRequest,
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

const runId = z.string().max(200);
const comment = z.string().max(10_000).optional();

/** `NOT_POSSIBLE`: the run or the step is not in a state that the verb fits; the message says what is possible instead. */
export const steeringRefusals = ['RUN_NOT_FOUND', 'STEP_NOT_FOUND', 'NOT_POSSIBLE'] as const;

/** Lets no further step start; each agent stops after its current tool call. From a run that is running. */
export const PauseRun = defineCommand({
  service: 'orchestrator',
  name: 'PauseRun',
  input: z.strictObject({ runId, reason: comment }),
  output: z.strictObject({ runId }),
  refusals: steeringRefusals,
});

/** Lets a run go on that was paused, is blocked, or was cancelled; blocked and failed steps get a new attempt. */
export const ResumeRun = defineCommand({
  service: 'orchestrator',
  name: 'ResumeRun',
  input: z.strictObject({ runId }),
  output: z.strictObject({ runId }),
  refusals: steeringRefusals,
});

/** The latest version may be one that the run cannot go on with; then it is declined like a start. */
const retryRefusals = [...steeringRefusals, ...startDeclines] as const;
export const flowVersionChoice = z.enum(['SAME', 'LATEST']);

/** Tries a failed run again: in place, or as a new run that knows of which it is a retry (`CLONE`). */
export const RetryRun = defineCommand({
  service: 'orchestrator',
  name: 'RetryRun',
  input: z.strictObject({
    runId,
    from: z.enum(['FAILED_STEP', 'BEGINNING']),
    /** All parameters of the new try; left out: those of the run. */
    parameters: z.record(z.string(), json).optional(),
    version: flowVersionChoice,
    mode: z.enum(['IN_PLACE', 'CLONE']),
  }),
  /** `runId`: the run that now executes; with `IN_PLACE` the same. */
  output: z.strictObject({ runId: z.string() }),
  refusals: retryRefusals,
});

/** A new attempt of one failed, blocked or interrupted step; its siblings stay as they are. */
export const RetryStep = defineCommand({
  service: 'orchestrator',
  name: 'RetryStep',
  input: z.strictObject({
    runId,
    step: stepKey,
    /** Replace the instructions of the flow, for the new attempt only. Agents have instructions, programs have none. */
    instructions: z.string().max(100_000).optional(),
  }),
  /** 0 for a step that only asks people, and for one that waits for its turn first. */
  output: z.strictObject({ runId: z.string(), attempt: z.int().nonnegative() }),
  refusals: steeringRefusals,
});

/** Leaves out a failed, waiting or blocked step; the run goes on without it. */
export const SkipStep = defineCommand({
  service: 'orchestrator',
  name: 'SkipStep',
  input: z.strictObject({ runId, step: stepKey, comment }),
  output: z.strictObject({ runId: z.string() }),
  refusals: steeringRefusals,
});

/** Moves a run past any step that is stuck; at a gate it is the approval of whoever asks. For those with `flows.force`. */
export const ForceAdvance = defineCommand({
  service: 'orchestrator',
  name: 'ForceAdvance',
  input: z.strictObject({ runId, step: stepKey, comment }),
  output: z.strictObject({ runId: z.string() }),
  refusals: steeringRefusals,
});

/** Starts a new run that has the results of an ended one up to a step and does that step and all that follows it. */
export const RerunFromStep = defineCommand({
  service: 'orchestrator',
  name: 'RerunFromStep',
  input: z.strictObject({
    runId,
    step: stepKey,
    parameters: z.record(z.string(), json).optional(),
    version: flowVersionChoice,
  }),
  output: z.strictObject({ runId: z.string() }),
  refusals: retryRefusals,
});

/** Puts a cancelled, interrupted or failed run away for good. */
export const DiscardRun = defineCommand({
  service: 'orchestrator',
  name: 'DiscardRun',
  input: z.strictObject({ runId, reason: comment }),
  output: z.strictObject({ runId: z.string() }),
  refusals: steeringRefusals,
});
