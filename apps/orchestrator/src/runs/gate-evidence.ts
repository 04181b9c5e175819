import type { GateEvidence, Json, StepDefinition, StepResultData } from '@runledger/contracts';
import { shortened } from '@runledger/kernel';
import { jsonBytes } from '../values/storable-text.js';
import type { RunFacts } from './run-state.js';

/** Outputs are shown whole up to this size together; a bigger one is named by its size and read with its step. */
const MAX_SHOWN_BYTES = 64_000;
const MAX_SUMMARY = 2_000;
/** Gates after a wide fan-in show the first so many steps. */
const MAX_UPSTREAM = 20;

/** What the people at the gate before `step` are shown. The decision is bound to exactly this (D1). */
export function evidenceFor(run: RunFacts, step: StepDefinition): GateEvidence {
  let left = MAX_SHOWN_BYTES;
  const upstream = step.needs.slice(0, MAX_UPSTREAM).flatMap((key): GateEvidence['upstream'] => {
    const index = run.plan.indexOf.get(key);
    const definition = index === undefined ? undefined : run.plan.steps[index];
    const progress = index === undefined ? undefined : run.steps.at(index);
    if (!definition) return [];
    if (progress?.status !== 'completed') return [{ step: key, name: definition.name }];
    const { outcome, summary } = progress;
    const output = shownOutput(progress.output, left);
    left -= output === undefined ? 0 : jsonBytes(output);
    return [
      {
        step: key,
        name: definition.name,
        outcome,
        ...(summary === undefined ? {} : { summary: shortened(summary, MAX_SUMMARY) }),
        ...(output === undefined ? {} : { output }),
      },
    ];
  });
  return { flow: run.plan.flowName, stepName: step.name, upstream };
}

/** What the people at a review of `step` are shown: what it did. */
export function evidenceOf(run: RunFacts, step: StepDefinition, result: StepResultData): GateEvidence {
  const { outcome, summary } = result;
  const output = shownOutput(result.output, MAX_SHOWN_BYTES);
  const own = {
    step: step.key,
    name: step.name,
    outcome,
    ...(summary === undefined ? {} : { summary: shortened(summary, MAX_SUMMARY) }),
    ...(output === undefined ? {} : { output }),
  };
  return { flow: run.plan.flowName, stepName: step.name, upstream: [own] };
}

function shownOutput(output: Json | undefined, left: number): Json | undefined {
  if (output === undefined) return undefined;
  const bytes = jsonBytes(output);
  return bytes <= left ? output : `(${bytes} bytes; see the output of the step)`;
}
