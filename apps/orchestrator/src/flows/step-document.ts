import { agentWork, commandWork, expressionText, requirements, slug, stepKey } from '@runledger/contracts';
import { z } from 'zod';
import { duration } from './durations.js';
import { gateDocument } from './gate-document.js';
import { failureDocument, outputDocument, routeDocument } from './outcome-document.js';

export const MIN_STEP_TIMEOUT_MS = 100;
export const MAX_STEP_TIMEOUT_MS = 86_400_000;

const agent = z
  .strictObject({
    provider: agentWork.shape.provider.describe(
      'Who answers: `scripted` replays `script`, the others are model providers.',
    ),
    model: agentWork.shape.model.optional().describe('The model’s name; may be left out for `scripted`.'),
    skill: slug
      .optional()
      .describe('Slug of the skill that the agent works with: its instructions, tools and output schema.'),
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

const timeout = duration(MIN_STEP_TIMEOUT_MS, MAX_STEP_TIMEOUT_MS).describe(
  'How long an attempt may take: `90s`, `10m`, `1h30m`, or milliseconds. Default 30m (agent), 10m (run).',
);

const { credentials, environments, integrations } = requirements.shape;

export const requiresDocument = z.strictObject({
  credentials: credentials
    .optional()
    .describe('Names of credentials.')
    .meta({ examples: [['github']] }),
  environments: environments
    .optional()
    .describe('Names of environments that must be healthy.')
    .meta({ examples: [['staging']] }),
  integrations: integrations
    .optional()
    .describe('Names of integrations that must be connected.')
    .meta({ examples: [['slack']] }),
});
export type RequiresDocument = z.infer<typeof requiresDocument>;

export const stepDocument = z.strictObject({
  key: stepKey.describe('Names the step within its flow: lower-case letters, digits and dashes.'),
  name: z.string().min(1).max(200).optional().describe('For people; default: the key.'),
  needs: z
    .array(z.string())
    .max(1_000)
    .optional()
    .describe('Keys of the steps that must be done before. Default: none, so the step may start at once.'),
  if: expressionText
    .optional()
    .describe('An expression; when it is not true, the step is skipped and counts as done.')
    .meta({ examples: ['parameters.deploy && steps.test.outcome == "SUCCESS"'] }),
  agent: agent.optional(),
  run: run.optional(),
  env: env.optional(),
  command: command.optional(),
  gate: gateDocument
    .optional()
    .describe(
      'People decide: its message, or a block. On a step with `agent` or `run` they must approve before it starts; a step with neither is itself a gate and only asks people.',
    ),
  gates: z
    .strictObject({
      before: gateDocument.optional().describe('Before the step starts; the long form of `gate`.'),
      after: gateDocument.optional().describe('After the step, on its result: a review.'),
    })
    .optional()
    .describe('Gates around the work of the step.'),
  routes: z
    .array(routeDocument)
    .min(1)
    .max(100)
    .optional()
    .describe(
      'What goes on after the step: the first rule that fits chooses. Steps that rules name and the chosen one does not are skipped.',
    ),
  onFailure: failureDocument
    .optional()
    .describe(
      'What a failure means for the run: `FAIL` (default), `PAUSE`, `SKIP`, or a block with `then` and `retry`.',
    ),
  output: outputDocument.optional().describe('What the structured output of the step must look like.'),
  requires: requiresDocument.optional().describe('What must be there for this step.'),
  timeout: timeout.optional(),
  timeoutMs: z
    .int()
    .min(MIN_STEP_TIMEOUT_MS)
    .max(MAX_STEP_TIMEOUT_MS)
    .optional()
    .describe('The long form of `timeout`, in milliseconds.'),
  artifacts: z
    .array(z.string().min(1).max(500))
    .max(100)
    .optional()
    .describe('Globs below the workspace; what matches when the step succeeds is kept.'),
});
export type StepDocument = z.infer<typeof stepDocument>;
