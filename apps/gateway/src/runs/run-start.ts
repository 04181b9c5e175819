import { kindOf, type InheritedStep, type StepDefinition } from '@runledger/contracts';
import { NO_COSTS } from './cost-sums.js';
import { tallyOf } from './run-tally.js';
import type { RunView, Started, StepView } from './run-view.js';

const KIND = { agent: 'AGENT', command: 'COMMAND', function: 'FUNCTION', gate: 'GATE' } as const;

/** The view of a run of which nothing but its start is known. */
export function viewAtStart(started: Started, workspaceId: string): RunView {
  const steps = stepsAtStart(started.steps, started.inherited);
  return {
    id: started.runId,
    workspaceId,
    flowId: started.flowId,
    flowSlug: started.flowSlug,
    flowName: started.flowName,
    flowVersion: started.flowVersion,
    ...(started.onlyStep !== undefined && { onlyStep: started.onlyStep }),
    status: 'PENDING',
    startedBy: started.startedBy,
    trigger: started.trigger,
    ...(started.subject && { subject: started.subject }),
    parameters: started.parameters,
    choices: started.choices,
    startedAt: started.startedAt,
    ...(started.lineage && { lineage: started.lineage }),
    firstStep: steps[0]?.key ?? '',
    tally: tallyOf(steps),
    steps,
    costs: NO_COSTS,
    position: '0',
    updatedAt: started.startedAt,
  };
}

/** None of them has begun, but for those that are done from the beginning. */
export function stepsAtStart(
  definitions: readonly StepDefinition[],
  inherited: readonly InheritedStep[] = [],
): StepView[] {
  const waves = wavesOf(definitions);
  const done = new Map(inherited.map(step => [step.step, step]));
  return definitions.map((definition, index) => {
    const step = stepAtStart(definition, index + 1, waves.get(definition.key) ?? 1);
    const from = done.get(definition.key);
    return from ? inheriting(step, from) : step;
  });
}

function inheriting(step: StepView, { state, from, outcome, summary, output }: InheritedStep): StepView {
  return {
    ...step,
    state,
    inherited: from,
    ...(outcome !== undefined && { outcome }),
    ...(summary !== undefined && { summary }),
    ...(output !== undefined && { output }),
  };
}

function stepAtStart(step: StepDefinition, number: number, wave: number): StepView {
  return {
    key: step.key,
    number,
    wave,
    name: step.name,
    kind: KIND[kindOf(step)],
    needs: step.needs,
    ...(step.agent && { provider: step.agent.provider, model: step.agent.model }),
    ...(step.agent?.skill !== undefined && { skill: step.agent.skill }),
    ...(step.function && { function: step.function.name }),
    state: 'PENDING',
    attempts: [],
  };
}

/** Steps of the same depth form a wave; a step without needs is in wave 1. Handles any order; a published flow has no cycle. */
export function wavesOf(steps: readonly Pick<StepDefinition, 'key' | 'needs'>[]): Map<string, number> {
  const waves = new Map<string, number>();
  const dependants = dependantsOf(steps);
  const open = new Map(steps.map(step => [step.key, step.needs.length]));
  let wave = steps.filter(step => step.needs.length === 0).map(step => step.key);
  for (let number = 1; wave.length > 0; number += 1) {
    for (const key of wave) waves.set(key, number);
    const freed = wave.flatMap(key => dependants.get(key) ?? []);
    for (const key of freed) open.set(key, (open.get(key) ?? 0) - 1);
    wave = [...new Set(freed)].filter(key => open.get(key) === 0);
  }
  return waves;
}

function dependantsOf(steps: readonly Pick<StepDefinition, 'key' | 'needs'>[]): Map<string, string[]> {
  const dependants = new Map<string, string[]>();
  for (const step of steps) {
    for (const need of step.needs) {
      const known = dependants.get(need);
      if (known) known.push(step.key);
      else dependants.set(need, [step.key]);
    }
  }
  return dependants;
}
