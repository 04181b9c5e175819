import { agentWork, commandWork, expressionText, requirements } from '../flow-definition.js';
import { slug, stepKey } from '../values.js';
import { z } from 'zod';
import { consumedDocument } from './consumed-document.js';
import { duration } from './durations.js';
import { functionDocument } from './function-document.js';
import { gateDocument } from './gate-document.js';
import { failureDocument, outputDocument, routeDocument } from './outcome-document.js';

export const MIN_STEP_TIMEOUT_MS = 100;
export const MAX_STEP_TIMEOUT_MS = 86_400_000;

const agent = z
  .strictObject({
    provider: agentWork.shape.provider
      .describe(
        'Who answers: `scripted` replays `script`, the others are model providers, or agents that are programs of their own.',
      )
      .meta({ examples: ['anthropic'] }),
    model: agentWork.shape.model
      .optional()
      .describe('The model’s name; may be left out for `scripted`.')
      .meta({ examples: ['claude-sonnet-5-5'] }),
    connection: agentWork.shape.connection
      .describe(
        'Name of the integration to use, where the workspace has several of the provider’s kind. Default: the one that is called like the provider, else the first, else the operator’s own.',
      )
      .meta({ examples: ['ollama'] }),
    skill: slug
      .optional()
      .describe('Slug of the skill that the agent works with: its instructions, tools and output schema.')
      .meta({ examples: ['code-review'] }),
    skillVersion: agentWork.shape.skillVersion
      .describe('Version of the skill. Default: the newest when the flow is published.')
      .meta({ examples: [3] }),
    instructions: agentWork.shape.instructions
      .describe('Standing instructions (system prompt). May hold references.')
      .meta({ examples: ['You are careful.'] }),
    prompt: agentWork.shape.prompt
      .describe(
        'The task. `{{ parameters.<name> }}`, `{{ steps.<key>.summary }}` and `{{ steps.<key>.output.<path> }}` are filled in; write `\\{{` for two literal braces.',
      )
      .meta({ examples: ['Review {{ steps.build.summary }}.'] }),
    tools: agentWork.shape.tools
      .describe('The tools that the agent may use; default: all that ask nobody and start nothing.')
      .meta({ examples: [['read_file', 'list_files']] }),
    permissions: agentWork.shape.permissions
      .describe(
        '`ASK`: people allow each call of a dangerous tool; `ALLOW`: the sandbox is protection enough. Default: what the sandbox profile says, else `ALLOW`.',
      )
      .meta({ examples: ['ASK'] }),
    dangerousTools: agentWork.shape.dangerousTools
      .describe(
        'The tools that ask. Default: what the sandbox profile says, else `bash`, `write_file`, `edit_file` and `start_flow`.',
      )
      .meta({ examples: [['bash']] }),
    maxTurns: agentWork.shape.maxTurns
      .describe('Model turns at most; default 50.')
      .meta({ default: 50, examples: [20] }),
    maxOutputTokens: agentWork.shape.maxOutputTokens
      .describe('Output tokens of one turn at most.')
      .meta({ examples: [8_000] }),
    script: agentWork.shape.script
      .describe('For `scripted`: the turns, in order. The tool calls really happen. May hold references.')
      .meta({ examples: [[{ text: 'Hello.' }]] }),
  })
  .describe('An agent does this step.')
  .meta({ examples: [{ provider: 'scripted', prompt: 'Say hello.', script: [{ text: 'Hello.' }] }] });

const env = commandWork.shape.env
  .describe('Further environment variables; fixed text.')
  .meta({ examples: [{ CI: 'true' }] });

const command = z
  .strictObject({ run: commandWork.shape.run.describe('A bash script.').meta({ examples: ['npm test'] }), env })
  .describe('The long form of `run`.')
  .meta({ examples: [{ run: 'npm test', env: { CI: 'true' } }] });

const run = commandWork.shape.run
  .describe(
    'A bash script (`set -eo pipefail`). Parameters arrive as `$PARAM_<NAME>`, summaries of earlier steps as `$STEP_<KEY>_SUMMARY` (of steps in `needs`, and of those that the script itself mentions), the id of the run as `$RUN_ID`.',
  )
  .meta({ examples: ['npm test'] });

const timeout = duration(MIN_STEP_TIMEOUT_MS, MAX_STEP_TIMEOUT_MS)
  .describe(
    'How long an attempt may take: `90s`, `10m`, `1h30m`, or milliseconds. Default 30m (agent), 10m (run), 1m (function; 15m at most).',
  )
  .meta({ examples: ['15m'] });

const silence = duration(MIN_STEP_TIMEOUT_MS, MAX_STEP_TIMEOUT_MS)
  .describe(
    'How long nothing need be heard of an attempt before the step is shown as blocked (`SILENT`); it goes on when it is heard again. Default: 10m for agents; for programs a minute more than `timeout`.',
  )
  .meta({ examples: ['20m'] });

const { credentials, environments, integrations } = requirements.shape;

export const requiresDocument = z
  .strictObject({
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
  })
  .meta({ id: 'requires' });
export type RequiresDocument = z.infer<typeof requiresDocument>;

export const stepDocument = z.strictObject({
  key: stepKey
    .describe('Names the step within its flow: lower-case letters, digits and dashes.')
    .meta({ examples: ['test'] }),
  name: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('For people; default: the key.')
    .meta({ examples: ['Run the tests'] }),
  needs: z
    .array(z.string())
    .max(1_000)
    .optional()
    .describe('Keys of the steps that must be done before. Default: none, so the step may start at once.')
    .meta({ examples: [['build']] }),
  if: expressionText
    .optional()
    .describe('An expression; when it is not true, the step is skipped and counts as done.')
    .meta({ examples: ['parameters.deploy && steps.test.outcome == "SUCCESS"'] }),
  agent: agent.optional(),
  run: run.optional(),
  env: env.optional(),
  command: command.optional(),
  function: functionDocument.optional(),
  gate: gateDocument
    .optional()
    .describe(
      'People decide: its message, or a block. On a step with `agent` or `run` they must approve before it starts; a step with neither is itself a gate and only asks people.',
    )
    .meta({ examples: ['Deploy to production?'] }),
  gates: z
    .strictObject({
      before: gateDocument
        .optional()
        .describe('Before the step starts; the long form of `gate`.')
        .meta({ examples: [{ message: 'Deploy to production?' }] }),
      after: gateDocument
        .optional()
        .describe('After the step, on its result: a review.')
        .meta({ examples: [{ message: 'Is this plan good?' }] }),
    })
    .optional()
    .describe('Gates around the work of the step.')
    .meta({ examples: [{ after: { message: 'Is this plan good?' } }] }),
  routes: z
    .array(routeDocument)
    .min(1)
    .max(100)
    .optional()
    .describe(
      'What goes on after the step: the first rule that fits chooses. Steps that rules name and the chosen one does not are skipped.',
    )
    .meta({ examples: [[{ on: 'ERROR', to: 'mend' }, { to: 'deploy' }]] }),
  onFailure: failureDocument
    .optional()
    .describe(
      'What a failure means for the run: `FAIL` (default), `PAUSE`, `SKIP`, or a block with `then` and `retry`.',
    )
    .meta({ default: 'FAIL', examples: ['PAUSE'] }),
  output: outputDocument
    .optional()
    .describe('What the structured output of the step must look like.')
    .meta({ examples: [{ schema: { type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } } } }] }),
  requires: requiresDocument
    .optional()
    .describe('What must be there for this step.')
    .meta({ examples: [{ integrations: ['slack'] }] }),
  timeout: timeout.optional(),
  timeoutMs: z
    .int()
    .min(MIN_STEP_TIMEOUT_MS)
    .max(MAX_STEP_TIMEOUT_MS)
    .optional()
    .describe('The long form of `timeout`, in milliseconds.')
    .meta({ examples: [900_000] }),
  silence: silence.optional(),
  silenceMs: z
    .int()
    .min(MIN_STEP_TIMEOUT_MS)
    .max(MAX_STEP_TIMEOUT_MS)
    .optional()
    .describe('The long form of `silence`, in milliseconds.')
    .meta({ examples: [1_200_000] }),
  artifacts: z
    .array(z.string().min(1).max(500))
    .max(100)
    .optional()
    .describe('Globs below the workspace; what matches when the step succeeds is kept.')
    .meta({ examples: [['report/**']] }),
  consumes: consumedDocument.optional(),
});
export type StepDocument = z.infer<typeof stepDocument>;
