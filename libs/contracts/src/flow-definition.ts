import { z } from 'zod';
import { checkpointMode, executionMode, json, slug, stepKey } from './values.js';

export const toolName = z.enum(['bash', 'read_file', 'write_file', 'edit_file', 'list_files']);
export type ToolName = z.infer<typeof toolName>;

/** One turn of a written conversation, for the provider `scripted`. The tool calls really happen. */
export const scriptedTurn = z.strictObject({
  thinking: z.string().optional(),
  text: z.string().optional(),
  tools: z
    .array(z.strictObject({ name: toolName, arguments: z.record(z.string(), json) }))
    .max(20)
    .optional(),
});
export type ScriptedTurn = z.infer<typeof scriptedTurn>;

export const agentWork = z.strictObject({
  provider: z.enum(['scripted', 'anthropic', 'openai-compatible']),
  model: z.string().min(1).max(200),
  instructions: z.string().max(100_000).optional(),
  prompt: z.string().min(1).max(100_000),
  tools: z.array(toolName).optional(),
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

export const gateBefore = z.strictObject({ message: z.string().min(1).max(4_000) });

export const stepDefinition = z.strictObject({
  key: stepKey,
  name: z.string().min(1).max(200),
  needs: z.array(stepKey),
  /** Exactly one of `agent` and `command`. */
  agent: agentWork.optional(),
  command: commandWork.optional(),
  gates: z.strictObject({ before: gateBefore.optional() }).optional(),
  timeoutMs: z.int().min(100).max(86_400_000),
  /** Globs below the workspace; what matches when the step succeeds is kept. */
  artifacts: z.array(z.string().min(1).max(500)).max(100),
});
export type StepDefinition = z.infer<typeof stepDefinition>;

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
  steps: z.array(stepDefinition).min(1).max(10_000),
});
export type FlowDefinition = z.infer<typeof flowDefinition>;

export type StepKind = 'agent' | 'command';
export function kindOf(step: Pick<StepDefinition, 'agent'>): StepKind {
  return step.agent ? 'agent' : 'command';
}
