import { expressionText, failurePolicy, outputContract, retryPolicy } from '../flow-definition.js';
import { attemptOutcome } from '../values.js';
import { z } from 'zod';
import { duration } from './durations.js';

const MAX_WAIT_MS = 86_400_000;
const then = failurePolicy.shape.then;

const retry = z
  .union(
    [
      retryPolicy.shape.max,
      z.strictObject({
        max: retryPolicy.shape.max.describe('Attempts after the first one.').meta({ examples: [3] }),
        backoff: duration(0, MAX_WAIT_MS)
          .optional()
          .describe('Wait before the first retry. Default 10s.')
          .meta({ default: '10s', examples: ['30s'] }),
        backoffMs: retryPolicy.shape.backoffMs
          .optional()
          .describe('The long form of `backoff`, in milliseconds.')
          .meta({ examples: [30_000] }),
        factor: retryPolicy.shape.factor
          .optional()
          .describe('Each wait is so many times the one before. Default 2.')
          .meta({ default: 2, examples: [1.5] }),
        maxBackoff: duration(0, MAX_WAIT_MS)
          .optional()
          .describe('No wait is longer. Default 10m.')
          .meta({ default: '10m', examples: ['1h'] }),
        maxBackoffMs: retryPolicy.shape.maxBackoffMs
          .optional()
          .describe('The long form of `maxBackoff`, in milliseconds.')
          .meta({ examples: [3_600_000] }),
      }),
    ],
    { error: 'how often (a number), or a block with `max`' },
  )
  .describe('Try again by itself: how often, or a block.')
  .meta({ examples: [3] });
export type RetryDocument = z.infer<typeof retry>;

/** What a failed step means, as people write it: a word, or a block. */
export const failureDocument = z.union(
  [
    then,
    z.strictObject({
      then: then
        .optional()
        .describe('What follows when no retry is left. Default FAIL.')
        .meta({ default: 'FAIL', examples: ['SKIP'] }),
      retry: retry.optional(),
    }),
  ],
  { error: 'FAIL, PAUSE or SKIP, or a block with `then` and `retry`' },
);
export type FailureDocument = z.infer<typeof failureDocument>;

const outcomes = z.union([attemptOutcome, z.array(attemptOutcome).min(1)], {
  error: 'SUCCESS, PARTIAL, BLOCKED or ERROR, or a list of them',
});
const targets = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(1_000)], {
  error: 'the key of a step, or a list of keys',
});

export const routeDocument = z.strictObject({
  on: outcomes
    .optional()
    .describe('The outcomes for which the rule stands. Default: each. `ERROR` makes the failure handled.')
    .meta({ examples: ['ERROR'] }),
  if: expressionText
    .optional()
    .describe('An expression that must be true as well; it may use `outcome` and `output` of this step.')
    .meta({ examples: ['output.verdict == "ship"'] }),
  to: targets.describe('Steps that need this one and shall go on.').meta({ examples: ['deploy'] }),
});
export type RouteDocument = z.infer<typeof routeDocument>;

export const outputDocument = z.strictObject({
  schema: outputContract.shape.schema
    .describe('A JSON Schema (draft 2020-12) for the structured output.')
    .meta({ examples: [{ type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } } }] }),
  passes: outputContract.shape.passes
    .optional()
    .describe('How often an agent whose output does not fit is asked again. Default 2.')
    .meta({ default: 2, examples: [1] }),
});
