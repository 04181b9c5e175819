import type { StepDefinition } from '@runledger/contracts';

/**
 * The steps of a run: all of the flow's, or the named one alone, which then needs nobody and leads nowhere. References to
 * other steps find nothing there. Undefined when the flow has no such step.
 */
export function onlyThisStep(
  steps: readonly StepDefinition[],
  only: string | undefined,
): readonly StepDefinition[] | undefined {
  if (only === undefined) return steps;
  const step = steps.find(({ key }) => key === only);
  return step && [{ ...step, needs: [] }];
}
