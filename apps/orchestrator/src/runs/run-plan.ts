import type { Json, RunChoices, RunStarted, StepDefinition } from '@runledger/contracts';

/** What a run is going to do; never changes. Steps are named by their place in the flow. */
export interface RunPlan {
  readonly runId: string;
  readonly flowName: string;
  readonly steps: readonly StepDefinition[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** For each step the steps that need it. */
  readonly dependents: readonly (readonly number[])[];
  readonly parameters: Readonly<Record<string, Json>>;
  readonly choices: RunChoices;
  readonly startedBy: ReturnType<typeof RunStarted>['data']['startedBy'];
}

export function planRun(
  run: Pick<RunPlan, 'runId' | 'flowName' | 'steps' | 'parameters' | 'choices' | 'startedBy'>,
): RunPlan {
  const { runId, flowName, steps, parameters, choices, startedBy } = run;
  const indexOf = new Map(steps.map((step, index) => [step.key, index]));
  const dependents: number[][] = steps.map(() => []);
  steps.forEach((step, index) => {
    for (const need of step.needs) {
      const needed = indexOf.get(need);
      if (needed !== undefined) dependents[needed]?.push(index);
    }
  });
  return { runId, flowName, steps, indexOf, dependents, parameters, choices, startedBy };
}
