import type { Json, RunChoices, RunStarted, StepDefinition } from '@runledger/contracts';

export type StartedData = ReturnType<typeof RunStarted>['data'];

/** What a run is going to do. Steps are named by their place in the flow. Changes only when a run is reopened. */
export interface RunPlan {
  readonly runId: string;
  readonly flowName: string;
  readonly steps: readonly StepDefinition[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** For each step the steps that need it. */
  readonly dependents: readonly (readonly number[])[];
  readonly parameters: Readonly<Record<string, Json>>;
  readonly choices: RunChoices;
  /** How it was started, for runs that go back to it. */
  readonly started: StartedData;
}

export function planRun(started: StartedData): RunPlan {
  const { runId, flowName, steps, parameters, choices } = started;
  const indexOf = new Map(steps.map((step, index) => [step.key, index]));
  const dependents: number[][] = steps.map(() => []);
  steps.forEach((step, index) => {
    for (const need of step.needs) {
      const needed = indexOf.get(need);
      if (needed !== undefined) dependents[needed]?.push(index);
    }
  });
  return { runId, flowName, steps, indexOf, dependents, parameters, choices, started };
}
