import { agentWork, checkpointMode, commandWork, executionMode, slug, stepKey } from '@runledger/contracts';
import { z } from 'zod';

/** `90s`, `10m`, `1h30m`: parts of digits and a unit. */
const DURATION_RULE = 'a duration such as `90s`, `10m` or `1h30m`, or whole milliseconds from 100 to 86400000';
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

const name = z.string().min(1).max(200);
const message = z.string().min(1).max(4_000);
const gate = z.union([message, z.strictObject({ message })], {
  error: 'a gate is its message (text), or a block with `message`',
});

const agent = z
  .strictObject({
    provider: agentWork.shape.provider.describe(
      'Who answers: `scripted` replays `script`, the others are model providers.',
    ),
    model: agentWork.shape.model.optional().describe('The model’s name; may be left out for `scripted`.'),
    instructions: agentWork.shape.instructions.describe('Standing instructions (system prompt). May hold references.'),
    prompt: agentWork.shape.prompt.describe(
      'The task. `{{ parameters.<name> }}`, `{{ steps.<key>.summary }}` and `{{ steps.<key>.output.<path> }}` are filled in; write `\\{{` for two literal braces.',
    ),
    tools: agentWork.shape.tools.describe('The tools that the agent may use; default: all.'),
    maxTurns: agentWork.shape.maxTurns.describe('Model turns at most; default 50.'),
    maxOutputTokens: agentWork.shape.maxOutputTokens.describe('Output tokens of one turn at most.'),
    script: agentWork.shape.script.describe(
      'For `scripted`: the turns, in order. The tool calls really happen. May hold references.',
    ),
  })
  .describe('An agent does this step.');

const env = commandWork.shape.env.describe('Further environment variables; fixed text.');

const command = z.strictObject({ run: commandWork.shape.run, env }).describe('The long form of `run`.');

const run = commandWork.shape.run.describe(
  'A bash script (`set -eo pipefail`). Parameters arrive as `$PARAM_<NAME>`, summaries of earlier steps as `$STEP_<KEY>_SUMMARY` (of steps in `needs`, and of those that the script itself mentions), the id of the run as `$RUN_ID`.',
);

const timeout = z
  .union([z.int().min(100).max(86_400_000), z.string().regex(DURATION, DURATION_RULE)], {
    error: DURATION_RULE,
  })
  .describe('How long an attempt may take: `90s`, `10m`, `1h30m`, or milliseconds. Default 30m (agent), 10m (run).');

export const stepDocument = z.strictObject({
  key: stepKey.describe('Names the step within its flow: lower-case letters, digits and dashes.'),
  name: name.optional().describe('For people; default: the key.'),
  needs: z
    .array(z.string())
    .max(1_000)
    .optional()
    .describe('Keys of the steps that must be done before. Default: none, so the step may start at once.'),
  agent: agent.optional(),
  run: run.optional(),
  env: env.optional(),
  command: command.optional(),
  gate: gate.optional().describe('People must approve before the step starts; they are shown this message.'),
  gates: z.strictObject({ before: gate.optional() }).optional().describe('The long form of `gate`.'),
  timeout: timeout.optional(),
  timeoutMs: z.int().min(100).max(86_400_000).optional().describe('The long form of `timeout`, in milliseconds.'),
  artifacts: z
    .array(z.string().min(1).max(500))
    .max(100)
    .optional()
    .describe('Globs below the workspace; what matches when the step succeeds is kept.'),
});
export type StepDocument = z.infer<typeof stepDocument>;

/** A flow as people write it, in YAML or JSON. `normaliseFlow` turns it into what is stored. */
export const flowDocument = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema; not stored.'),
    slug: slug.describe('Names the flow within its workspace: lower-case letters, digits and dashes.'),
    name: name.optional().describe('For people; default: the slug.'),
    description: z.string().max(4_000).optional().describe('What the flow is for.'),
    parameters: z
      .record(z.string(), z.json())
      .optional()
      .describe(
        'What a start must say. Either each parameter’s name with its JSON Schema (or just its type): required unless it has a `default` or says `required: false`. Or one whole JSON Schema of `type: object`.',
      ),
    defaults: z
      .strictObject({
        profile: slug.optional().describe('Slug of the sandbox profile.'),
        execution: executionMode.optional().describe('Default INTERACTIVE.'),
        checkpointMode: checkpointMode
          .optional()
          .describe('TEMPLATE (default): stop at the gates written here. EVERY_STEP: before each step. NONE: never.'),
      })
      .optional()
      .describe('What a run uses unless its start says otherwise.'),
    steps: z.array(stepDocument).min(1).max(10_000).describe('The steps; `needs` gives their order.'),
  })
  .meta({ title: 'Runledger flow', description: 'A flow: steps done by agents and programs, with gates for people.' });
export type FlowDocument = z.infer<typeof flowDocument>;

export function isDuration(written: string): boolean {
  return DURATION.test(written);
}

/** Milliseconds of a duration as written; the schema has made sure that it is one. */
export function durationMs(written: string | number): number {
  if (typeof written === 'number') return written;
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0));
}
