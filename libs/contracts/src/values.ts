import { z } from 'zod';

export const actorSchema = z.strictObject({
  kind: z.enum(['member', 'service', 'system']),
  id: z.string(),
  name: z.string().optional(),
  via: z.string().optional(),
});

/** ISO 8601, UTC, with milliseconds. */
export const timestamp = z.iso.datetime();
export const stepKey = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, starting with a letter');
export const slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes');
/** Money in millionths of the currency's unit. */
export const microUnits = z.int();
export const json = z.json();
export type Json = z.infer<typeof json>;

export const executionMode = z.enum(['INTERACTIVE', 'BACKGROUND']);
export const checkpointMode = z.enum(['TEMPLATE', 'EVERY_STEP', 'NONE']);
export const attemptOutcome = z.enum(['SUCCESS', 'PARTIAL', 'BLOCKED', 'ERROR']);
export type AttemptOutcome = z.infer<typeof attemptOutcome>;
/** What can become of a gate. `REQUEST_CHANGES` is for the review of a result; `FAIL` only a deadline decides. */
export const gateDecision = z.enum(['APPROVE', 'REJECT', 'SKIP', 'REQUEST_CHANGES', 'FAIL']);
export type GateDecision = z.infer<typeof gateDecision>;
export const permissionDecision = z.enum(['ALLOW_ONCE', 'ALLOW_RUN', 'ALLOW_ALWAYS', 'DENY']);
export type PermissionDecision = z.infer<typeof permissionDecision>;
/** What people can decide, each where it fits; questions are answered instead. */
export const personDecision = z.enum([...gateDecision.exclude(['FAIL']).options, ...permissionDecision.options]);
export type PersonDecision = z.infer<typeof personDecision>;
/** Everything that a request can be decided with. `ANSWER` goes with the answer to a question. */
export const approvalDecision = z.enum([...gateDecision.options, ...permissionDecision.options, 'ANSWER']);
export type ApprovalDecision = z.infer<typeof approvalDecision>;
/** `gate`: people decide how the run goes on; `permission`: an agent asks to call a tool; `question`: an agent asks something. */
export const approvalKind = z.enum(['gate', 'permission', 'question']);
export type ApprovalKind = z.infer<typeof approvalKind>;
export const cancelMode = z.enum(['GRACEFUL', 'FORCE']);

/** Why a step did not succeed. `code` is from the failure vocabulary (`COMMAND_FAILED`, `TIMEOUT`, `auth`, …). */
export const stepError = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().optional(),
  /** The name, or the kind, of an integration whose connection removes the obstacle. */
  needs: z.string().optional(),
  stack: z.string().optional(),
});
export type StepError = z.infer<typeof stepError>;

/** One problem of a refused document or request. `line` and `column` count from 1. */
export const problem = z.strictObject({
  path: z.string(),
  message: z.string(),
  fix: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
});

/** The outside record that a run is about. */
export const subject = z.strictObject({
  kind: z.string(),
  id: z.string(),
  url: z.url().optional(),
  context: z.record(z.string(), json).optional(),
});

export const trigger = z.strictObject({
  kind: z.enum(['manual', 'record', 'chat', 'schedule', 'webhook', 'pull_request', 'api', 'agent', 'event']),
  /** What it came from: of `agent` the run that the agent works in, of `event` the trigger. */
  ref: z.string().optional(),
  /** Of `agent` and `event`: 1 where a person or program started the run that led to it, else one more than that run’s own. */
  depth: z.int().positive().optional(),
});

/** The three choices of a run, resolved. */
export const runChoices = z.strictObject({
  profile: slug,
  execution: executionMode,
  checkpointMode,
});
export type RunChoices = z.infer<typeof runChoices>;

/** What a workspace has booked; it decides how many runs it may start on one day. */
export const plan = z.enum(['free', 'team', 'business']);
export type Plan = z.infer<typeof plan>;

/** A day in UTC, `2026-11-21`. */
export const utcDay = z.iso.date();

/** Content kept outside the log, addressed by its SHA-256 in lower-case hex. */
export const blobRef = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().nonnegative() });
export type BlobRef = z.infer<typeof blobRef>;

/** Every event of an attempt names its place. Stream `attempt-<run key>.<step>.<n>`. */
export const attemptPlace = { attemptId: z.string(), runId: z.string(), step: stepKey, attempt: z.int().positive() };

/** Every entry of an attempt's transcript names its place, and the sub-agent that it is of: `1`, `2`, …; left out: the agent of the step. */
export const entryPlace = { ...attemptPlace, agent: z.string().max(20).optional() };
