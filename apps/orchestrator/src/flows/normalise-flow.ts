import {
  type ConsumedFiles,
  type FileRetention,
  type FlowDefinition,
  type Requirements,
  type StepDefinition,
  durationMs,
  type FlowDocument,
  type RequiresDocument,
  type StepDocument,
} from '@runledger/contracts';
import { normaliseGate } from './normalise-gate.js';
import { normaliseFailure, normaliseRoute } from './normalise-outcomes.js';
import { parameterSchemaOf } from './normalise-parameters.js';

type Consumed = NonNullable<StepDocument['consumes']>[number];

const AGENT_TIMEOUT_MS = 1_800_000;
export const COMMAND_TIMEOUT_MS = 600_000;
const FUNCTION_TIMEOUT_MS = 60_000;

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
    ...concurrencyOf(document),
    requires: requirementsOf(document.requires),
    retention: retentionOf(document),
    steps: steps.map(normaliseStep),
  };
}

function normaliseStep(step: StepDocument): StepDefinition {
  const { key, name = key, needs = [], artifacts = [] } = step;
  return {
    key,
    name,
    needs: [...new Set(needs)],
    ...(step.if === undefined ? {} : { if: step.if }),
    ...work(step),
    ...gates(step),
    ...(step.routes === undefined ? {} : { routes: step.routes.map(normaliseRoute) }),
    onFailure: normaliseFailure(step.onFailure),
    ...(step.output === undefined ? {} : { output: { ...step.output, passes: step.output.passes ?? 2 } }),
    ...(step.requires === undefined ? {} : { requires: requirementsOf(step.requires) }),
    timeoutMs: step.timeoutMs ?? durationMs(step.timeout ?? usualTimeoutMs(step)),
    ...silenceOf(step),
    artifacts,
    ...(step.consumes === undefined ? {} : { consumes: step.consumes.map(normaliseConsumed) }),
  };
}

function usualTimeoutMs(step: StepDocument): number {
  if (step.function !== undefined) return FUNCTION_TIMEOUT_MS;
  return step.agent ? AGENT_TIMEOUT_MS : COMMAND_TIMEOUT_MS;
}

function normaliseConsumed({ step, name = '**', path = `artifacts/${step}` }: Consumed): ConsumedFiles {
  return { step, name, path };
}

function silenceOf({ silence, silenceMs }: StepDocument): Pick<StepDefinition, 'silenceMs'> {
  if (silenceMs !== undefined) return { silenceMs };
  return silence === undefined ? {} : { silenceMs: durationMs(silence) };
}

function isGate({ agent, run, command, function: called }: StepDocument): boolean {
  return agent === undefined && run === undefined && command === undefined && called === undefined;
}

function work(step: StepDocument): Pick<StepDefinition, 'agent' | 'command' | 'function' | 'gate'> {
  const { agent, run, env, command, function: called, gate } = step;
  if (isGate(step)) return gate === undefined ? {} : { gate: normaliseGate(gate) };
  if (agent) return { agent: { ...agent, model: agent.model ?? agent.provider } };
  if (typeof called === 'string') return { function: { name: called, input: {} } };
  if (called) return { function: { name: called.name, input: called.input ?? {} } };
  if (command) return { command };
  return run === undefined ? {} : { command: { run, ...(env === undefined ? {} : { env }) } };
}

function gates(step: StepDocument): Pick<StepDefinition, 'gates'> {
  if (isGate(step)) return {};
  const before = step.gate ?? step.gates?.before;
  const after = step.gates?.after;
  if (before === undefined && after === undefined) return {};
  return {
    gates: {
      ...(before === undefined ? {} : { before: normaliseGate(before) }),
      ...(after === undefined ? {} : { after: normaliseGate(after) }),
    },
  };
}

function requirementsOf({
  credentials = [],
  environments = [],
  integrations = [],
}: RequiresDocument = {}): Requirements {
  return { credentials, environments, integrations };
}

function retentionOf({ retention: { artifactsDays = 30, snapshotsDays } = {} }: FlowDocument): FileRetention {
  return { artifactsDays, ...(snapshotsDays === undefined ? {} : { snapshotsDays }) };
}

function concurrencyOf({ concurrency }: FlowDocument): Pick<FlowDefinition, 'concurrency'> {
  if (concurrency === undefined) return {};
  const { key, policy = 'QUEUE' as const } = typeof concurrency === 'string' ? { key: concurrency } : concurrency;
  return { concurrency: { key, policy } };
}
