import type { FlowDefinition, StepDefinition } from '@runledger/contracts';
import { durationMs, type FlowDocument, type StepDocument } from './flow-document.js';
import { parameterSchemaOf } from './normalise-parameters.js';

const AGENT_TIMEOUT_MS = 1_800_000;
const COMMAND_TIMEOUT_MS = 600_000;

/** The one form in which flows are stored and hashed: short forms spelt out, defaults filled in. */
export function normaliseFlow(document: FlowDocument): FlowDefinition {
  const { slug, name = slug, description, parameters = {}, defaults = {}, steps } = document;
  return {
    slug,
    name,
    ...(description === undefined ? {} : { description }),
    parameters: parameterSchemaOf(parameters),
    defaults: {
      ...(defaults.profile === undefined ? {} : { profile: defaults.profile }),
      execution: defaults.execution ?? 'INTERACTIVE',
      checkpointMode: defaults.checkpointMode ?? 'TEMPLATE',
    },
    steps: steps.map(normaliseStep),
  };
}

function normaliseStep(step: StepDocument): StepDefinition {
  const { key, name = key, needs = [], artifacts = [] } = step;
  const fallback = step.agent ? AGENT_TIMEOUT_MS : COMMAND_TIMEOUT_MS;
  return {
    key,
    name,
    needs: [...new Set(needs)],
    ...work(step),
    ...gates(step),
    timeoutMs: step.timeoutMs ?? durationMs(step.timeout ?? fallback),
    artifacts,
  };
}

function work({ agent, run, env, command }: StepDocument): Pick<StepDefinition, 'agent' | 'command'> {
  if (agent) return { agent: { ...agent, model: agent.model ?? agent.provider } };
  if (command) return { command };
  return run === undefined ? {} : { command: { run, ...(env === undefined ? {} : { env }) } };
}

function gates(step: StepDocument): Pick<StepDefinition, 'gates'> {
  const before = step.gate ?? step.gates?.before;
  if (before === undefined) return {};
  return { gates: { before: { message: typeof before === 'string' ? before : before.message } } };
}
