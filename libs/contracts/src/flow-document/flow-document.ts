import { concurrencyRule } from '../flow-definition.js';
import { checkpointMode, executionMode, slug } from '../values.js';
import { z } from 'zod';
import { requiresDocument, stepDocument } from './step-document.js';

const concurrency = z.union(
  [
    concurrencyRule.shape.key,
    z.strictObject({
      key: concurrencyRule.shape.key
        .describe('Runs with the same key do not run side by side. May hold references to parameters.')
        .meta({ examples: ['release {{ parameters.version }}'] }),
      policy: concurrencyRule.shape.policy
        .optional()
        .describe(
          'What a start means while another run has the key: `QUEUE` (default) waits, `SKIP` starts nothing, `CANCEL_OLDER` cancels the other one.',
        )
        .meta({ default: 'QUEUE', examples: ['CANCEL_OLDER'] }),
    }),
  ],
  { error: 'a key (text), or a block with `key` and `policy`' },
);

/** A flow as people write it, in YAML or JSON. `normaliseFlow` turns it into what is stored. */
export const flowDocument = z
  .strictObject({
    $schema: z
      .string()
      .optional()
      .describe('Where editors find this schema; not stored.')
      .meta({ examples: ['http://localhost:4000/schemas/flow.json'] }),
    slug: slug
      .describe('Names the flow within its workspace: lower-case letters, digits and dashes.')
      .meta({ examples: ['release'] }),
    name: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('For people; default: the slug.')
      .meta({ examples: ['Release'] }),
    description: z
      .string()
      .max(4_000)
      .optional()
      .describe('What the flow is for.')
      .meta({ examples: ['Builds, asks, deploys.'] }),
    parameters: z
      .record(z.string(), z.json())
      .optional()
      .describe(
        'What a start must say. Either each parameter’s name with its JSON Schema (or just its type): required unless it has a `default` or says `required: false`. Or one whole JSON Schema of `type: object`.',
      )
      .meta({ examples: [{ version: { type: 'string' }, notes: { type: 'string', default: 'none' } }] }),
    defaults: z
      .strictObject({
        profile: slug
          .optional()
          .describe('Slug of the sandbox profile.')
          .meta({ examples: ['local'] }),
        execution: executionMode
          .optional()
          .describe(
            '`INTERACTIVE` (default) keeps its sandbox while people decide; `BACKGROUND` makes a task and lets go of it.',
          )
          .meta({ default: 'INTERACTIVE', examples: ['BACKGROUND'] }),
        checkpointMode: checkpointMode
          .optional()
          .describe('TEMPLATE (default): stop at the gates written here. EVERY_STEP: before each step. NONE: never.')
          .meta({ default: 'TEMPLATE', examples: ['EVERY_STEP'] }),
      })
      .optional()
      .describe('What a run uses unless its start says otherwise.')
      .meta({ examples: [{ profile: 'local', execution: 'BACKGROUND' }] }),
    concurrency: concurrency
      .optional()
      .describe('Which runs must not run side by side: a key, or a block.')
      .meta({ examples: ['release {{ parameters.version }}'] }),
    requires: requiresDocument
      .optional()
      .describe('What must be there for every step.')
      .meta({ examples: [{ credentials: ['github'] }] }),
    retention: z
      .strictObject({
        artifactsDays: z
          .int()
          .min(1)
          .max(3_650)
          .optional()
          .describe('Days for which artifacts are kept. Default 30.')
          .meta({ default: 30, examples: [90] }),
        snapshotsDays: z
          .int()
          .min(1)
          .max(3_650)
          .optional()
          .describe('Days for which a re-run or retry can begin with the files of a step. Default 7.')
          .meta({ default: 7, examples: [14] }),
      })
      .optional()
      .describe('How long after its end the files of a run are kept. Events are kept for ever.')
      .meta({ examples: [{ artifactsDays: 90, snapshotsDays: 14 }] }),
    steps: z
      .array(stepDocument)
      .min(1)
      .max(10_000)
      .describe('The steps; `needs` gives their order.')
      .meta({ examples: [[{ key: 'test', run: 'npm test' }]] }),
  })
  .meta({
    title: 'Runledger flow',
    description: 'A flow: steps done by agents, programs and functions, with gates for people.',
  });
export type FlowDocument = z.infer<typeof flowDocument>;
