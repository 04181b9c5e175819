import { z } from 'zod';
import { dailyRuns } from './billing.commands.js';
import { defineCommand } from './define-command.js';
import { stepKinds } from './flow-definition.js';
import { gatePolicy } from './gate-definition.js';
import { startDeclines, startRequest } from './orchestrator.commands.js';
import { json, problem, runChoices, slug, stepKey } from './values.js';

/** Something that a run needs and that the workspace has or has not; `steps` are the keys of those that need it, none: all. */
const need = z.strictObject({ name: z.string(), steps: z.array(stepKey), available: z.boolean() });

/** What a start of this request would meet now. Nothing is changed, and a start checks all of it again. */
export const preflightReport = z.strictObject({
  flow: z.strictObject({ flowId: z.string(), slug, name: z.string(), version: z.int(), hash: z.string() }).optional(),
  choices: runChoices.optional(),
  /** With the flow's defaults filled in. */
  parameters: z.record(z.string(), json).optional(),
  /** In the order of the document. */
  steps: z.array(
    z.strictObject({
      key: stepKey,
      name: z.string(),
      kind: z.enum(stepKinds),
      needs: z.array(stepKey),
      /** It may be left out: it has a condition, or a route has to lead to it. */
      conditional: z.boolean(),
      provider: z.string().optional(),
      model: z.string().optional(),
      skill: slug.optional(),
      /** Name of the function that it calls. */
      function: slug.optional(),
      tools: z.array(z.string()),
    }),
  ),
  providers: z.array(need),
  skills: z.array(need),
  functions: z.array(need),
  credentials: z.array(need),
  environments: z.array(need),
  integrations: z.array(need),
  /** Where it will stop for people, in the order of the steps. */
  gates: z.array(
    z.strictObject({
      step: stepKey,
      position: z.enum(['before', 'between', 'after']),
      origin: z.enum(['template', 'every_step']),
      message: z.string(),
      policy: gatePolicy,
      timeoutMs: z.int().optional(),
      /** A background run passes it by itself. */
      passedByItself: z.boolean(),
    }),
  ),
  /** Absent when billing did not answer. */
  dailyRuns: dailyRuns.optional(),
  /** None declines the start, and the run would not come far. */
  warnings: z.array(z.strictObject({ code: z.enum(['ENVIRONMENT_UNHEALTHY']), message: z.string(), fix: z.string() })),
  /** Each would decline the start; the first one does. */
  problems: z.array(
    z.strictObject({
      code: z.enum(startDeclines),
      message: z.string(),
      fix: z.string().optional(),
      details: z.array(problem),
    }),
  ),
});
export type PreflightReport = z.infer<typeof preflightReport>;

/** Looks ahead: would this start, and what would it meet? */
export const Preflight = defineCommand({
  service: 'orchestrator',
  name: 'Preflight',
  input: startRequest,
  output: preflightReport,
  refusals: [],
});
