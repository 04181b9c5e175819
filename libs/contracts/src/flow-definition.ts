import { z } from 'zod';
import { agentPermissions, toolName } from './agent-permissions.js';
import { CLOUD_AGENTS, COMMAND_LINE_AGENTS, integrationName } from './integration-kinds.js';
import { mcpServers } from './mcp-servers.js';
import { gateDefinition } from './gate-definition.js';
import { attemptOutcome, checkpointMode, executionMode, json, slug, stepKey } from './values.js';

export { toolName, type ToolName } from './agent-permissions.js';

/** One turn of a written conversation, for the provider `scripted`. The tool calls really happen. */
export const scriptedTurn = z.strictObject({
  thinking: z
    .string()
    .optional()
    .describe('What it thinks.')
    .meta({ examples: ['I have to look first.'] }),
  text: z
    .string()
    .optional()
    .describe('What it says.')
    .meta({ examples: ['Hello.'] }),
  tools: z
    .array(
      z.strictObject({
        name: toolName.describe('Which tool.').meta({ examples: ['bash'] }),
        arguments: z
          .record(z.string(), json)
          .describe('What it is called with.')
          .meta({ examples: [{ command: 'ls' }] }),
      }),
    )
    .max(20)
    .optional()
    .describe('The tools that it calls.')
    .meta({ examples: [[{ name: 'bash', arguments: { command: 'ls' } }]] }),
});
export type ScriptedTurn = z.infer<typeof scriptedTurn>;

export const agentWork = z.strictObject({
  provider: z.enum(['scripted', 'anthropic', 'openai-compatible', ...COMMAND_LINE_AGENTS, ...CLOUD_AGENTS]),
  model: z.string().min(1).max(200),
  /** Which of the workspace's integrations of the provider's kind; left out: its first, else the operator's own. */
  connection: integrationName.optional(),
  /** Slug of the skill whose instructions, tools and output schema the agent works with. */
  skill: slug.optional(),
  /** The version of it that is part of this work; none: it was not there when the flow was published. */
  skillVersion: z.int().positive().optional(),
  instructions: z.string().max(100_000).optional(),
  prompt: z.string().min(1).max(100_000),
  tools: z.array(toolName).optional(),
  /** Those of the skill. */
  mcpServers: mcpServers.optional(),
  ...agentPermissions,
  /** Model turns at most; default 50. */
  maxTurns: z.int().min(1).max(500).optional(),
  maxOutputTokens: z.int().min(1).max(200_000).optional(),
  script: z.array(scriptedTurn).max(200).optional(),
});
export type AgentWork = z.infer<typeof agentWork>;

export const commandWork = z.strictObject({
  /** A bash script, run in the workspace with `set -eo pipefail`. */
  run: z.string().min(1).max(100_000),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
});
export type CommandWork = z.infer<typeof commandWork>;

/** Code of the operator's own does the step, in the orchestrator's process: see `step-function.ts`. */
export const functionWork = z.strictObject({
  name: slug,
  /** Texts may hold references; one that is nothing but a reference stands for the value itself. */
  input: z.record(z.string(), json),
});
export type FunctionWork = z.infer<typeof functionWork>;

/** One call of a function. */
export const functionOrder = functionWork.extend({
  /** What people missed in the result of the attempt before. */
  changes: z.string().optional(),
});
export type FunctionOrder = z.infer<typeof functionOrder>;

/** Text of an expression; see the reference of the flow format for the language. */
export const expressionText = z.string().min(1).max(4_000);

/** What follows a step: the first rule that fits how it ended chooses among the steps that need it. */
export const routeRule = z.strictObject({
  /** Left out: any outcome. A rule for `ERROR` makes the failure handled: the run goes on there. */
  on: z.array(attemptOutcome).min(1).optional(),
  if: expressionText.optional(),
  /** Dependents that some rule names and the chosen one does not are skipped as not taken. */
  to: z.array(stepKey).min(1).max(1_000),
});
export type RouteRule = z.infer<typeof routeRule>;

/** Before the n-th retry (from 1) a step waits `backoffMs * factor ** (n - 1)`, at most `maxBackoffMs`. */
export const retryPolicy = z.strictObject({
  /** Attempts after the first one. */
  max: z.int().min(1).max(100),
  backoffMs: z.int().min(0).max(86_400_000),
  factor: z.number().min(1).max(10),
  maxBackoffMs: z.int().min(0).max(86_400_000),
});
export type RetryPolicy = z.infer<typeof retryPolicy>;

/** What a failure means for the run, once no retry is left. */
export const failurePolicy = z.strictObject({
  then: z.enum(['FAIL', 'PAUSE', 'SKIP']),
  retry: retryPolicy.optional(),
});
export type FailurePolicy = z.infer<typeof failurePolicy>;

/** What a step's structured output must look like. */
export const outputContract = z.strictObject({
  /** A JSON Schema (draft 2020-12). */
  schema: z.record(z.string(), json),
  /** How often an agent whose output does not fit is asked again. */
  passes: z.int().min(0).max(10),
});
export type OutputContract = z.infer<typeof outputContract>;

const requiredName = z.string().min(1).max(200);

/** What must be there outside of the run, by name. */
export const requirements = z.strictObject({
  credentials: z.array(requiredName).max(100),
  environments: z.array(requiredName).max(100),
  integrations: z.array(requiredName).max(100),
});
export type Requirements = z.infer<typeof requirements>;

/** Files that an earlier step kept and that are put into the workspace, read-only, before this one begins. */
export const consumedFiles = z.strictObject({
  step: stepKey,
  /** Path of a kept file, or a glob for several. */
  name: z.string().min(1).max(500),
  /** The directory below the workspace where they are put, each at its own path. */
  path: z.string().min(1).max(500),
});
export type ConsumedFiles = z.infer<typeof consumedFiles>;

/** For how many days after its end the files of a run are kept. */
export const fileRetention = z.strictObject({
  artifactsDays: z.int().min(1).max(3_650),
  /** The workspaces between its steps, which re-runs begin from; default 7. */
  snapshotsDays: z.int().min(1).max(3_650).optional(),
});
export type FileRetention = z.infer<typeof fileRetention>;
export const SNAPSHOTS_DAYS = 7;

export const stepDefinition = z.strictObject({
  key: stepKey,
  name: z.string().min(1).max(200),
  needs: z.array(stepKey),
  /** The step is done only when this is true; else it is skipped and counts as done for those that need it. */
  if: expressionText.optional(),
  /** Exactly one of `agent`, `command`, `function` and `gate`: the step's work. A step that is a gate only asks people. */
  agent: agentWork.optional(),
  command: commandWork.optional(),
  function: functionWork.optional(),
  gate: gateDefinition.optional(),
  /** Where people decide around the work: before it starts, and on its result. Not for a step that is itself a gate. */
  gates: z.strictObject({ before: gateDefinition.optional(), after: gateDefinition.optional() }).optional(),
  routes: z.array(routeRule).min(1).max(100).optional(),
  onFailure: failurePolicy,
  output: outputContract.optional(),
  /** Left out when the step requires nothing of its own. */
  requires: requirements.optional(),
  timeoutMs: z.int().min(100).max(86_400_000),
  /** How long nothing need be heard of an attempt before the step counts as blocked; left out: see `silenceLimitMs`. */
  silenceMs: z.int().min(100).max(86_400_000).optional(),
  /** Globs below the workspace; what matches when the step succeeds is kept. */
  artifacts: z.array(z.string().min(1).max(500)).max(100),
  consumes: z.array(consumedFiles).max(100).optional(),
});
export type StepDefinition = z.infer<typeof stepDefinition>;

/** Runs of one workspace whose filled-in keys are equal do not run side by side. */
export const concurrencyRule = z.strictObject({
  /** May hold references to parameters. */
  key: z.string().min(1).max(500),
  policy: z.enum(['QUEUE', 'SKIP', 'CANCEL_OLDER']),
});
export type ConcurrencyRule = z.infer<typeof concurrencyRule>;

/** A flow as it is stored: normalised, defaults filled in, steps in the order of the document. */
export const flowDefinition = z.strictObject({
  slug,
  name: z.string().min(1).max(200),
  description: z.string().max(4_000).optional(),
  /** A JSON Schema (draft 2020-12) of type object for the run's parameters. */
  parameters: z.record(z.string(), json),
  defaults: z.strictObject({
    profile: slug.optional(),
    execution: executionMode,
    checkpointMode,
  }),
  concurrency: concurrencyRule.optional(),
  requires: requirements,
  retention: fileRetention,
  steps: z.array(stepDefinition).min(1).max(10_000),
});
export type FlowDefinition = z.infer<typeof flowDefinition>;

const AGENT_SILENCE_MS = 600_000;
const LATE_END_MS = 60_000;

/**
 * How long nothing need be heard of an attempt. Agents speak all the time; a program may be quiet for as long as it may take
 * at all, and its sandbox ends it then.
 */
export function silenceLimitMs(step: Pick<StepDefinition, 'silenceMs' | 'agent' | 'timeoutMs'>): number {
  return step.silenceMs ?? (step.agent ? AGENT_SILENCE_MS : step.timeoutMs + LATE_END_MS);
}

export const stepKinds = ['agent', 'command', 'function', 'gate'] as const;
export type StepKind = (typeof stepKinds)[number];
export function kindOf(step: Pick<StepDefinition, 'agent' | 'function' | 'gate'>): StepKind {
  if (step.gate) return 'gate';
  if (step.function) return 'function';
  return step.agent ? 'agent' : 'command';
}
